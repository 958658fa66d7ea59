/** Where a rule is kept quiet, until when and why; a new one says what it would have hidden before it is made. */
import { keepPreviousData, skipToken, useQuery } from "@tanstack/react-query";
import { App, Button, Input, Select } from "antd";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { number, time } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";

type Row = Schemas["RuleException"];
type Draft = Schemas["ExceptionDraft"];

const DAY = 86_400;
const DAYS = [1, 7, 30, 90, 365] as const;

function Preview({ ruleId, draft }: { ruleId: string; draft: Draft | null }): ReactNode {
  const { t, language } = useTexts("rulebook");
  const found = useQuery({
    queryKey: ["exception-preview", ruleId, draft],
    queryFn: draft ? () => take(api.POST("/api/v1/rules/{rule_id}/exceptions/preview", { params: { path: { rule_id: ruleId } }, body: draft })) : skipToken,
    placeholderData: keepPreviousData,
    retry: false,
  });
  if (draft === null) return null;
  if (found.isError) return <p className="backtest-problem" role="status">{found.error.message}</p>;
  if (found.isPending) return <Loading />;
  const { days, alerts, hidden, complete } = found.data;
  return (
    <p role="status" data-testid="exception-preview" data-hidden={hidden}>
      {t(complete ? "exception.would" : "exception.atLeast", { days, alerts: number(alerts, language), hidden: number(hidden, language) })}
    </p>
  );
}

/** What is typed as the API takes it; null while it names no place. */
function draftOf(place: string, field: string, value: string, query: string): Draft | null {
  const where = place.trim();
  if (!where || (field.trim() === "") !== (value.trim() === "")) return null;
  const target = /^[0-9]{6}$/.test(where) ? { region: where } : { enterprise_id: where };
  return { ...target, fields: field.trim() ? { [field.trim()]: value.trim() } : {}, query: query.trim() };
}

function Form({ ruleId, onDone }: { ruleId: string; onDone: () => void }): ReactNode {
  const { t } = useTexts("rulebook");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const [typed, setTyped] = useState({ place: "", field: "", value: "", query: "", reason: "" });
  const [days, setDays] = useState<number>(30);
  const [asked, setAsked] = useState<Draft | null>(null);
  const draft = draftOf(typed.place, typed.field, typed.value, typed.query);
  const seen = asked !== null && JSON.stringify(asked) === JSON.stringify(draft);
  const box = (name: keyof typeof typed, label: string): ReactNode => (
    <Input
      style={{ maxWidth: 260 }}
      value={typed[name]}
      maxLength={1000}
      placeholder={label}
      aria-label={label}
      data-testid={`exception-${name}`}
      onChange={(event) => { setTyped({ ...typed, [name]: event.target.value }); }}
    />
  );
  const save = async (): Promise<void> => {
    if (!draft) return;
    try {
      const body = { ...draft, reason: typed.reason.trim(), expires_at: Date.now() / 1000 + days * DAY };
      await take(api.POST("/api/v1/rules/{rule_id}/exceptions", { params: { path: { rule_id: ruleId } }, body }));
      void message.success(t("exception.made"));
      onDone();
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
  return (
    <div data-testid="exception-form">
      <h3>{t("exception.add")}</h3>
      <div className="row">
        {box("place", `${t("exception.enterprise")} / ${t("exception.region")}`)}
        {box("field", t("exception.field"))}
        {box("value", t("exception.value"))}
        {box("query", t("exception.query"))}
        <Button disabled={!draft} data-testid="exception-ask" onClick={() => { setAsked(draft); }}>{t("exception.preview")}</Button>
      </div>
      <Preview ruleId={ruleId} draft={asked} />
      <div className="row">
        {box("reason", t("exception.reason"))}
        <Select<number> aria-label={t("exception.expires")} value={days} options={DAYS.map((value) => ({ value, label: t("exception.days", { count: value }) }))} onChange={setDays} />
        <Button type="primary" disabled={!seen || typed.reason.trim().length < 3} data-testid="exception-save" onClick={() => void save()}>
          {t("exception.save")}
        </Button>
      </div>
    </div>
  );
}

function useColumns(withdraw: (row: Row) => void): Column<Row>[] {
  const { t, language } = useTexts("rulebook");
  const { may } = useSession();
  return [
    {
      key: "where",
      title: t("exception.where"),
      cell: (row) =>
        row.enterprise ? <Link to={`/enterprises/${row.enterprise.id}`}>{nameOf(row.enterprise, language)}</Link> : `${nameOf(row.region, language)} · ${t("exception.all")}`,
    },
    {
      key: "what",
      title: t("exception.field"),
      cell: (row) => (
        <span className="mono rule-wrap">{[...Object.entries(row.fields).map(([name, value]) => `${name} = ${value}`), row.query].filter(Boolean).join("; ") || "*"}</span>
      ),
    },
    { key: "why", title: t("exception.reason"), cell: (row) => row.reason },
    { key: "owner", title: t("exception.owner"), cell: (row) => row.owner },
    { key: "expires", title: t("exception.expires"), cell: (row) => <span className="number">{time(row.expires_at)}</span> },
    { key: "state", title: t("exception.state"), cell: (row) => <span className={row.in_force ? "status" : "status quiet"}>{t(row.in_force ? "exception.inForce" : "exception.over")}</span> },
    {
      key: "act",
      title: t("what"),
      cell: (row) => (row.in_force && may("incidents.write") ? <Button size="small" onClick={() => { withdraw(row); }}>{t("exception.withdraw")}</Button> : null),
    },
  ];
}

export function RuleExceptions({ ruleId }: { ruleId: string }): ReactNode {
  const { t } = useTexts("rulebook");
  const { t: common } = useTexts("common");
  const { may } = useSession();
  const { message } = App.useApp();
  const [made, setMade] = useState(0);
  const found = useQuery({
    queryKey: ["rule", ruleId, "exceptions"],
    queryFn: () => take(api.GET("/api/v1/rules/{rule_id}/exceptions", { params: { path: { rule_id: ruleId } } })),
  });
  const withdraw = async (row: Row): Promise<void> => {
    try {
      await take(
        api.PATCH("/api/v1/rule-exceptions/{exception_id}", {
          params: { path: { exception_id: row.id }, header: { "If-Match": `"${String(row.version)}"` } },
          body: { action: "withdraw", reason: "" },
        }),
      );
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
    void found.refetch();
  };
  const columns = useColumns((row) => void withdraw(row));
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failure error={found.error} retry={() => void found.refetch()} />;
  return (
    <>
      {found.data.items.length === 0 ? (
        <Nothing text={t("exception.none")} />
      ) : (
        <Table label={t("tabs.exceptions")} columns={columns} rows={found.data.items} keyOf={(row) => row.id} testId="rule-exceptions" />
      )}
      {may("incidents.write") && (
        <Form
          key={made}
          ruleId={ruleId}
          onDone={() => {
            setMade(made + 1);
            void found.refetch();
          }}
        />
      )}
    </>
  );
}
