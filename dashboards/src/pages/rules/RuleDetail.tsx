/** One rule: what it says, its versions, what it found and cost, what is excepted, and a try on stored days. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Segmented, Select } from "antd";
import { useState, type ReactNode } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { ApiError, api, take } from "../../api/client";
import { Trend } from "../../charts/Trend";
import { Failure, Loading } from "../../components/States";
import { Table } from "../../components/Table";
import { number, time } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { Backtest } from "./Backtest";
import "./detection.css";
import { RuleEditor } from "./RuleEditor";
import { RuleExceptions } from "./RuleExceptions";
import { Cost, FalseRate, LevelMark, logSource, RuleSource, ruleTitle, STATES, StateMark, type Detail } from "./ruleParts";
import { RuleVersions } from "./RuleVersions";

const TABS = ["text", "versions", "figures", "exceptions", "test"] as const;
type Tab = (typeof TABS)[number];

function Facts({ rule }: { rule: Detail }): ReactNode {
  const { t, language } = useTexts("rulebook");
  return (
    <dl className="facts">
      <dt>{t("facts.description")}</dt>
      <dd>{rule.description || "–"}</dd>
      <dt>{t("facts.advice")}</dt>
      <dd data-testid="rule-advice">{pick(rule, "advice", language) || "–"}</dd>
      <dt>{t("column.source")}</dt>
      <dd className="mono">{logSource(rule)}</dd>
      <dt>{t("column.technique")}</dt>
      <dd>{rule.techniques.map((one) => `${one.technique} ${pick(one, "technique", language)}`).join("; ") || "–"}</dd>
      <dt>{t("facts.falsepositives")}</dt>
      <dd>{rule.falsepositives.join("; ") || "–"}</dd>
      <dt>{t("facts.references")}</dt>
      <dd className="mono rule-wrap">{rule.references.join(" ") || "–"}</dd>
      <dt>{t("facts.cases")}</dt>
      <dd className="number">{number(rule.cases, language)}</dd>
      {rule.rules.length > 0 && (
        <>
          <dt>{t("facts.builds")}</dt>
          <dd>
            {rule.rules.map((id) => (
              <div key={id}>
                <Link className="mono" to={`/rules/${encodeURIComponent(id)}`}>{id}</Link>
              </div>
            ))}
          </dd>
        </>
      )}
    </dl>
  );
}

function Figures({ rule }: { rule: Detail }): ReactNode {
  const { t, language } = useTexts("rulebook");
  const alerts = rule.days.map((day) => [day.start, day.count] as const);
  const hits = rule.days.map((day) => [day.start, day.hits] as const);
  const { true_positive: right, false_positive: wrong, benign_positive: benign } = rule.verdicts;
  return (
    <>
      <dl className="facts">
        <dt>{t("column.hits")}</dt>
        <dd className="number">{number(rule.hits, language)}</dd>
        <dt>{t("facts.excepted")}</dt>
        <dd className="number">{number(rule.excepted, language)}</dd>
        <dt>{t("column.rate")}</dt>
        <dd>
          <FalseRate row={rule} /> <span className="quiet">{`${t("facts.judged")} ${number(right + wrong + benign, language)}`}</span>
        </dd>
        <dt>{t("column.cost")}</dt>
        <dd><Cost value={rule.nanoseconds} /></dd>
        <dt>{t("facts.budget")}</dt>
        <dd><Cost value={rule.budget} /></dd>
      </dl>
      <Trend label={t("daily")} lines={[{ name: t("alertsOf"), points: alerts, kind: "bar" }, { name: t("counted"), points: hits, kind: "line" }]} height={160} />
      <Table
        label={t("daily")}
        testId="rule-days"
        rows={[...rule.days].reverse()}
        keyOf={(day) => String(day.start)}
        columns={[
          { key: "day", title: t("day"), cell: (day) => <span className="number">{time(day.start).slice(0, 10)}</span> },
          { key: "alerts", title: t("alertsOf"), numeric: true, cell: (day) => number(day.count, language) },
          { key: "hits", title: t("counted"), numeric: true, cell: (day) => number(day.hits, language) },
          { key: "excepted", title: t("facts.excepted"), numeric: true, cell: (day) => number(day.excepted, language) },
          { key: "cost", title: t("column.cost"), numeric: true, cell: (day) => <Cost value={day.nanoseconds} /> },
        ]}
      />
    </>
  );
}

function StateForm({ rule, onDone }: { rule: Detail; onDone: () => void }): ReactNode {
  const { t } = useTexts("rulebook");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const [state, setState] = useState(rule.state);
  const [reason, setReason] = useState("");
  const save = async (): Promise<void> => {
    try {
      await take(
        api.PATCH("/api/v1/rules/{rule_id}", {
          params: { path: { rule_id: rule.id }, header: { "If-Match": `"${String(rule.version)}"` } },
          body: { state, reason: reason.trim() },
        }),
      );
      setReason("");
      void message.success(t("saved"));
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
    onDone();
  };
  const ready = reason.trim().length >= 3 && (state !== rule.state || rule.throttled !== "");
  return (
    <div className="row">
      <Select
        aria-label={t("column.state")}
        value={state}
        data-testid="rule-state"
        options={STATES.map((value) => ({ value, label: `${t(`states.${value}`)} · ${t(`stateAbout.${value}`)}` }))}
        popupMatchSelectWidth={false}
        onChange={setState}
      />
      <Input
        style={{ maxWidth: 320 }}
        maxLength={1000}
        value={reason}
        placeholder={t("reason")}
        aria-label={t("reason")}
        data-testid="rule-reason"
        onChange={(event) => { setReason(event.target.value); }}
      />
      <Button disabled={!ready} data-testid="rule-apply" onClick={() => void save()}>{t("change")}</Button>
    </div>
  );
}

function Body({ rule, tab, onChanged }: { rule: Detail; tab: Tab; onChanged: () => void }): ReactNode {
  if (tab === "versions") return <RuleVersions rule={rule} onChanged={onChanged} />;
  if (tab === "figures") return <Figures rule={rule} />;
  if (tab === "exceptions") return <RuleExceptions ruleId={rule.id} />;
  if (tab === "test") return <Backtest ruleId={rule.id} body={rule.body} />;
  return (
    <>
      <Facts rule={rule} />
      <RuleSource body={rule.body} />
    </>
  );
}

export default function RuleDetail(): ReactNode {
  const { id = "" } = useParams();
  const { t, language } = useTexts("rulebook");
  const { may } = useSession();
  const queries = useQueryClient();
  const [params, setParams] = useSearchParams();
  const [editing, setEditing] = useState(false);
  const query = useQuery({
    queryKey: ["rule", id],
    queryFn: () => take(api.GET("/api/v1/rules/{rule_id}", { params: { path: { rule_id: id } } })),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const rule = query.data;
  const tabs = TABS.filter((one) => one !== "test" || may("events.read"));
  const tab = tabs.find((one) => one === params.get("tab")) ?? "text";
  const changed = (): void => {
    void query.refetch();
    void queries.invalidateQueries({ queryKey: ["rules"] });
  };
  return (
    <div>
      <header className="page-head">
        <h1 data-testid="rule-title">{ruleTitle(rule, language)}</h1>
        <StateMark row={rule} />
        <LevelMark level={rule.level} />
        <span className="quiet">{rule.ruleset}</span>
        <span className="grow" />
        {may("events.read") && <Link to={`/search?q=${encodeURIComponent(`rule.id:"${rule.id}" AND event.kind:alert`)}&last=1209600`}>{t("alerts")}</Link>}
        {may("rules.write") && !editing && <Button data-testid="rule-edit" onClick={() => { setEditing(true); }}>{t("edit")}</Button>}
      </header>
      {rule.throttled && <p className="backtest-problem" role="status" data-testid="rule-throttled">{t("throttled", { reason: rule.throttled })}</p>}
      {may("rules.write") && <StateForm key={rule.version} rule={rule} onDone={changed} />}
      {editing ? (
        <RuleEditor initial={rule.body} rule={rule} onStop={() => { setEditing(false); }} />
      ) : (
        <>
          <Segmented<Tab>
            aria-label={t("title")}
            value={tab}
            options={tabs.map((value) => ({ value, label: t(`tabs.${value}`) }))}
            onChange={(value) => { setParams({ tab: value }); }}
          />
          <section className="card">
            <Body rule={rule} tab={tab} onChanged={changed} />
          </section>
        </>
      )}
    </div>
  );
}
