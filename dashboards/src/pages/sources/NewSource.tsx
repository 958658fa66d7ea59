/** The first step of connecting a source: which product, of which enterprise, known by what. */
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Form, Input, Select } from "antd";
import { useState, type ReactNode } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { EnterprisePicker } from "./EnterprisePicker";
import { keep } from "./secrets";
import "./sources.css";

interface Entry {
  product: string;
  name: string;
  enterprise_id: string;
  transport: "syslog" | "http";
  addresses: string;
  timezone: string;
}

type Product = Schemas["ProductRef"];

function useProducts() {
  return useQuery({ queryKey: ["products"], queryFn: () => take(api.GET("/api/v1/onboarding/products")), staleTime: Infinity });
}

function Fields({ products }: { products: readonly Product[] }): ReactNode {
  const { t, language } = useTexts("onboarding");
  const transport = Form.useWatch<Entry["transport"]>("transport");
  return (
    <>
      <Form.Item name="product" label={t("product")} extra={t("productHow")} rules={[{ required: true, message: "" }]}>
        <Select
          showSearch={{
            filterOption: (typed, option) => (option?.words ?? "").includes(typed.trim().toLowerCase()),
          }}
          options={products.map((one) => ({
            value: one.key,
            label: `${pick(one, "name", language)}${one.own ? ` · ${t("own")}` : ""}`,
            words: `${one.key} ${one.name_zh} ${one.name_en} ${one.parser}`.toLowerCase(),
          }))}
        />
      </Form.Item>
      <Form.Item name="enterprise_id" label={t("enterprise")} rules={[{ required: true, message: "" }]}>
        <EnterprisePicker />
      </Form.Item>
      <Form.Item name="name" label={t("name")} rules={[{ required: true, message: "" }]}>
        <Input maxLength={120} />
      </Form.Item>
      <Form.Item name="transport" label={t("sends")}>
        <Select options={(["syslog", "http"] as const).map((value) => ({ value, label: t(value) }))} />
      </Form.Item>
      {transport === "syslog" && (
        <Form.Item name="addresses" label={t("addresses")} extra={t("addressesHow")} rules={[{ required: true, message: "" }]}>
          <Input placeholder="192.0.2.10" maxLength={1000} />
        </Form.Item>
      )}
      <Form.Item name="timezone" label={t("zone")}>
        <Input maxLength={64} />
      </Form.Item>
    </>
  );
}

export default function NewSource(): ReactNode {
  const { t, language } = useTexts("onboarding");
  const { t: common } = useTexts("common");
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const [problem, setProblem] = useState("");
  const products = useProducts();
  if (products.isPending) return <Loading />;
  if (products.isError) return <Failure error={products.error} retry={() => void products.refetch()} />;

  const register = async (entry: Entry): Promise<void> => {
    const product = products.data.items.find((one) => one.key === entry.product);
    if (!product) return;
    try {
      const made = await take(
        api.POST("/api/v1/sources", {
          body: {
            name: entry.name,
            enterprise_id: entry.enterprise_id,
            transport: entry.transport,
            product: pick(product, "name", language),
            // A generic format is recognised by itself, so that a later parser takes it over.
            parser: product.parser === "generic" ? "" : product.parser,
            data_kind: product.data_kind,
            timezone: entry.timezone,
            addresses: entry.transport === "syslog" ? entry.addresses.split(/[\s,]+/).filter(Boolean) : [],
          } as Schemas["SourceCreate"],
        }),
      );
      if (made.key) keep(made.source.id, made.key.key);
      void navigate(`/sources/${made.source.id}/connect?product=${encodeURIComponent(product.key)}`);
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
  const enterprise = params.get("enterprise_id");
  return (
    <div className="sources">
      <header className="page-head">
        <h1>{t("title")}</h1>
        <span className="quiet">{t("learning")}</span>
      </header>
      <section className="card connect-form">
        <h2>{t("step1")}</h2>
        {problem && <Alert type="warning" showIcon title={problem} role="alert" />}
        <Form<Entry>
          layout="vertical"
          onFinish={register}
          initialValues={{ transport: "syslog", addresses: "", timezone: "Asia/Shanghai", ...(enterprise ? { enterprise_id: enterprise } : {}) }}
          requiredMark={false}
        >
          <Fields products={products.data.items} />
          <Button type="primary" htmlType="submit">
            {t("register")}
          </Button>
        </Form>
      </section>
    </div>
  );
}
