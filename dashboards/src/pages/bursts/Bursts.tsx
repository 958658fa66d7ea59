import type { ReactNode } from "react";
import { Link, useNavigate } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { More } from "../../components/More";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { number, shortTime } from "../../format";
import { nameOf, pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useLive } from "../../live";

export type Row = Schemas["Burst"];

export function useColumns(): Column<Row>[] {
  const { t, language } = useTexts("bursts");
  return [
    {
      key: "place",
      title: t("place"),
      cell: (row) => (
        <Link to={`/bursts/${row.id}`}>
          {nameOf(row.region, language)}
          {row.industry && ` · ${nameOf(row.industry, language)}`}
        </Link>
      ),
    },
    {
      key: "technique",
      title: t("technique"),
      cell: (row) => (
        <>
          <span className="mono">{row.attack.technique}</span> {pick(row.attack, "technique", language)}
        </>
      ),
    },
    { key: "observed", title: t("observed"), numeric: true, cell: (row) => <Link to={`/bursts/${row.id}#enterprises`}>{number(row.observed, language)}</Link> },
    { key: "expected", title: t("expected"), numeric: true, cell: (row) => <Link to={`/bursts/${row.id}#hours`}>{number(row.expected, language, 1)}</Link> },
    { key: "started", title: t("started"), cell: (row) => <span className="number">{shortTime(row.started_at)}</span> },
    { key: "last", title: t("last"), cell: (row) => <span className="number">{shortTime(row.last_at)}</span> },
    { key: "state", title: t("state"), cell: (row) => <span className="status">{row.active ? t(row.over ? "over" : "running") : t("taken")}</span> },
  ];
}

/** How much past the judgement rests on: "none" from one day of data is not "none" from fourteen. */
export function BaselineNote({ baseline }: { baseline: Schemas["Baseline"] }): ReactNode {
  const { t, language } = useTexts("bursts");
  if (baseline.judged_until === null) return <p className="quiet">{t("notYet")}</p>;
  const days = baseline.hours / 24;
  const wanted = number(baseline.days_wanted, language);
  return (
    <p className="quiet" data-testid="burst-baseline">
      {t("baseline", { until: shortTime(baseline.judged_until), days: number(days, language, 1), wanted })} {days < baseline.days_wanted && t("short", { wanted })}
    </p>
  );
}

export default function Bursts(): ReactNode {
  const { t } = useTexts("bursts");
  const columns = useColumns();
  const navigate = useNavigate();
  const list = useList(["bursts"], (cursor) => take(api.GET("/api/v1/bursts", { params: { query: cursor ? { cursor } : {} } })));
  useLive(["burst"], () => void list.query.refetch());
  if (list.query.isPending) return <Loading />;
  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  const baseline = list.query.data.pages[0]?.baseline;
  return (
    <div>
      <header className="page-head">
        <h1>{t("title")}</h1>
        <span className="quiet">{t("lead")}</span>
      </header>
      <section className="card">
        {list.rows.length === 0 ? (
          <Nothing text={t("none")} />
        ) : (
          <Table label={t("title")} columns={columns} rows={list.rows} keyOf={(row) => row.id} onOpen={(row) => void navigate(`/bursts/${row.id}`)} testId="bursts" />
        )}
        <More query={list.query} />
        {baseline && <BaselineNote baseline={baseline} />}
      </section>
    </div>
  );
}
