/** A rule's text, asked of the engine as one types, tried on stored days before it is kept. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { useSettled } from "../../components/useSettled";
import { useTexts } from "../../i18n/use";
import { Backtest } from "./Backtest";
import "./detection.css";
import { LevelMark, logSource, type Detail } from "./ruleParts";

function Verdict({ check }: { check: Schemas["RuleCheck"] }): ReactNode {
  const { t } = useTexts("rulebook");
  if (!check.accepted) {
    return (
      <div role="status" data-testid="rule-refused">
        <strong>{t("refused")}</strong>
        <ul>
          {check.problems.map((one) => (
            <li key={one.reason}>
              {one.line > 0 && <strong>{t("line", { line: one.line })} </strong>}
              {one.reason}
            </li>
          ))}
        </ul>
      </div>
    );
  }
  const failed = check.failed_cases.length > 0;
  return (
    <div role="status" data-testid="rule-accepted">
      <strong>{t("accepted")}</strong>
      <p>
        {check.title} · <LevelMark level={check.level} /> · {logSource(check)} · <span className="mono">{check.techniques.map((one) => one.technique).join(", ")}</span>
      </p>
      <p>{check.cases === 0 ? t("noCases") : failed ? t("casesFail", { list: check.failed_cases.join(", ") }) : t("cases", { count: check.cases })}</p>
      {!check.literals && <p>{t("slow")}</p>}
      <p className="quiet">{t(check.known ? "runsNow" : "startsDraft")}</p>
    </div>
  );
}

interface Props {
  initial: string;
  rule?: Detail;
  onStop?: () => void;
}

export function RuleEditor({ initial, rule, onStop }: Props): ReactNode {
  const { t } = useTexts("rulebook");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [body, setBody] = useState(initial);
  const [note, setNote] = useState("");
  const settled = useSettled(body);
  const check = useQuery({
    queryKey: ["rule-check", settled],
    queryFn: () => take(api.POST("/api/v1/rules/check", { body: { body: settled } })),
    placeholderData: keepPreviousData,
    enabled: settled.trim() !== "",
  });
  const good = check.data?.accepted === true && settled === body && !check.isPlaceholderData;
  const save = async (): Promise<void> => {
    try {
      const header = rule ? { "If-Match": `"${String(rule.version)}"` } : {};
      const saved = await take(api.PUT("/api/v1/rules", { params: { header }, body: { body, note: note.trim() } }));
      void message.success(t("saved"));
      await queries.invalidateQueries({ queryKey: ["rules"] });
      await queries.invalidateQueries({ queryKey: ["rule", saved.id] });
      onStop?.();
      void navigate(`/rules/${encodeURIComponent(saved.id)}`);
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
  return (
    <>
      <section className="card">
        <h2>{t("text")}</h2>
        <Input.TextArea
          className="mono"
          autoSize={{ minRows: 14, maxRows: 34 }}
          value={body}
          maxLength={65_536}
          spellCheck={false}
          aria-label={t("text")}
          data-testid="rule-body"
          onChange={(event) => { setBody(event.target.value); }}
        />
        {check.isError ? <Failure error={check.error} /> : check.data ? <Verdict check={check.data} /> : <Loading />}
        <div className="row">
          <Input
            style={{ maxWidth: 420 }}
            maxLength={1000}
            value={note}
            placeholder={t("note")}
            aria-label={t("note")}
            onChange={(event) => { setNote(event.target.value); }}
          />
          <Button type="primary" disabled={!good} data-testid="rule-save" onClick={() => void save()}>{t("save")}</Button>
          {onStop && <Button onClick={onStop}>{t("stop")}</Button>}
        </div>
      </section>
      <Backtest body={body} disabled={!good} {...(rule ? { ruleId: rule.id } : {})} />
    </>
  );
}

export default function NewRule(): ReactNode {
  const { t } = useTexts("rulebook");
  const [template] = useState(() => t("template", { id: newId() }));
  return (
    <div>
      <header className="page-head">
        <h1>{t("create")}</h1>
      </header>
      <RuleEditor initial={template} />
    </div>
  );
}

/** A random UUID; `crypto.randomUUID` is missing where the platform is reached without TLS. */
function newId(): string {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
