/** What a back-test found: numbers, days, enterprises, samples with their reasons. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "../../api/client";
import { Trend } from "../../charts/Trend";
import { Table, type Column } from "../../components/Table";
import { number, time } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { searchFor } from "../search/fields";

type Result = Schemas["BacktestResult"];
type Sample = Schemas["BacktestSample"];
type Reason = Schemas["Fired"];

const OPS = ["equals", "contains", "startswith", "endswith", "like", "regex", "cidr", "lt", "lte", "gt", "gte", "neq", "exists", "field"];

function Numbers({ result }: { result: Result }): ReactNode {
  const { t, language } = useTexts("detection");
  const amount = (value: number | null): string => (value === null ? t("test.tooMany") : number(value, language));
  const cost = (value: number): string => t("test.ns", { value: number(value, language) });
  const shown: [string, string][] = [
    ["hits", amount(result.hits)],
    ["enterprises", amount(result.enterprises)],
    ["metas", amount(result.meta_alerts)],
    ["incidents", amount(result.incidents)],
    ["escalated", amount(result.escalated)],
    ["excepted", amount(result.excepted)],
    ["events", amount(result.events)],
    ["stored", amount(result.stored)],
    ["cost", cost(result.nanoseconds)],
    ["share", cost(result.share_nanoseconds)],
  ];
  return (
    <dl className="backtest-numbers" data-testid="backtest-numbers" data-hits={result.hits}>
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{t(`test.${name}`)}</dt>
          <dd className="number">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Why({ reasons }: { reasons: readonly Reason[] }): ReactNode {
  const { t } = useTexts("detection");
  return reasons.map((one) => (
    <div key={`${one.field}\n${one.op}\n${one.operand}`}>
      <span className="rule-fired mono">{`${one.field} = ${one.value}`}</span>
      <span className="quiet">{t(`test.ops.${OPS.includes(one.op) ? one.op : "other"}`)}</span> <span className="mono">{one.operand}</span>
    </div>
  ));
}

function useSampleColumns(): Column<Sample>[] {
  const { t, language } = useTexts("detection");
  return [
    {
      key: "at",
      title: t("test.when"),
      cell: (row) => (
        <Link className="number" to={searchFor("event.id", row.event_id)} title={t("test.event")}>
          {time(row.at)}
        </Link>
      ),
    },
    { key: "enterprise", title: t("test.enterprise"), cell: (row) => (row.enterprise ? nameOf(row.enterprise, language) : "–") },
    { key: "why", title: t("test.why"), cell: (row) => <Why reasons={row.reasons} /> },
  ];
}

export function BacktestResult({ result }: { result: Result }): ReactNode {
  const { t, language } = useTexts("detection");
  const samples = useSampleColumns();
  const shares: Column<Schemas["BacktestShare"]>[] = [
    { key: "enterprise", title: t("test.enterprise"), cell: (row) => <Link to={`/enterprises/${row.enterprise.id}`}>{nameOf(row.enterprise, language)}</Link> },
    { key: "count", title: t("test.hits"), numeric: true, cell: (row) => number(row.count, language) },
  ];
  const points = result.by_day.map((day) => [day.start, day.count] as const);
  return (
    <>
      <Numbers result={result} />
      {result.throttled && <p className="backtest-problem">{t("test.heavy", { budget: number(result.budget_nanoseconds, language) })}</p>}
      {result.hits === 0 ? (
        <p className="quiet">{t("test.none")}</p>
      ) : (
        <>
          <h3>{t("test.daily")}</h3>
          <Trend label={t("test.daily")} lines={[{ name: t("test.hits"), points, kind: "bar" }]} height={140} />
          <h3>{t("test.by")}</h3>
          <Table label={t("test.by")} columns={shares} rows={result.by_enterprise} keyOf={(row) => row.enterprise.id} testId="backtest-enterprises" />
          <h3>{t("test.samples")}</h3>
          <Table label={t("test.samples")} columns={samples} rows={result.samples} keyOf={(row) => row.event_id} testId="backtest-samples" />
        </>
      )}
    </>
  );
}
