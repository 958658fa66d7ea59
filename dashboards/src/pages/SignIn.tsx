import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Form, Input } from "antd";
import { useState, type ReactNode } from "react";
import { ApiError, api, take } from "../api/client";
import { nameOf, setLanguage } from "../i18n";
import { useTexts } from "../i18n/use";
import { useSession } from "../session";

interface Entry {
  login: string;
  password: string;
}

export function SignIn(): ReactNode {
  const { t, language } = useTexts("common");
  const { signIn, ended } = useSession();
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const platform = useQuery({ queryKey: ["platform"], queryFn: () => take(api.GET("/api/v1/platform")) });

  async function submit({ login, password }: Entry): Promise<void> {
    setBusy(true);
    try {
      await signIn(login, password);
    } catch (error) {
      setBusy(false);
      if (!(error instanceof ApiError)) setProblem(t("unreachable"));
      else setProblem(error.status === 401 ? t("signIn.refused") : error.message);
    }
  }

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <img src="/favicon.svg" alt="" width={44} height={44} />
        <h1>
          {t("product")}
          {platform.data && <small>{nameOf(platform.data.region, language)}</small>}
        </h1>
        <p className="quiet">{t("tagline")}</p>
        {(problem || ended) && <Alert type="warning" showIcon title={problem || t("signIn.ended")} role="alert" />}
        <Form<Entry> layout="vertical" onFinish={submit} requiredMark={false} disabled={busy}>
          <Form.Item name="login" label={t("signIn.login")} rules={[{ required: true, message: "" }]}>
            <Input autoFocus autoComplete="username" maxLength={120} />
          </Form.Item>
          <Form.Item name="password" label={t("signIn.password")} rules={[{ required: true, message: "" }]}>
            <Input.Password autoComplete="current-password" maxLength={400} />
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={busy}>
            {t("signIn.submit")}
          </Button>
        </Form>
        <Button
          type="text"
          size="small"
          data-testid="language"
          onClick={() => {
            setLanguage(language === "zh" ? "en" : "zh");
          }}
        >
          {t("language")}
        </Button>
      </div>
    </main>
  );
}
