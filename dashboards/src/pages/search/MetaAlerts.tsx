/** Meta-alerts of a filter, also those that no incident took: what a figure counts can be seen. */
import type { ReactNode } from "react";
import { Link, useSearchParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import type { operations } from "../../api/schema";
import { More } from "../../components/More";
import { Severity } from "../../components/marks";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { number, shortTime } from "../../format";
import { nameOf, pick } from "../../i18n";
import { useTexts } from "../../i18n/use";

type Meta = Schemas["MetaAlert"];
type Query = NonNullable<operations["list_meta_alerts"]["parameters"]["query"]>;

export default function MetaAlerts(): ReactNode {
  const { t, language } = useTexts("search");
  const [params] = useSearchParams();
  const query = Object.fromEntries(params) as Query;
  const list = useList(["meta-alerts", params.toString()], (cursor) =>
    take(api.GET("/api/v1/meta-alerts", { params: { query: { ...query, limit: 100, ...(cursor ? { cursor } : {}) } } })),
  );
  const columns: Column<Meta>[] = [
    { key: "severity", title: t("meta.severity"), cell: (row) => <Severity level={row.severity_level} /> },
    { key: "name", title: t("meta.name"), cell: (row) => row.name },
    { key: "technique", title: t("meta.technique"), cell: (row) => `${row.technique} ${pick(row, "technique", language)}` },
    { key: "count", title: t("meta.count"), numeric: true, cell: (row) => number(row.count, language) },
    { key: "pair", title: t("meta.pair"), cell: (row) => <span className="mono">{`${row.attacker || "–"} → ${row.victim || "–"}`}</span> },
    {
      key: "enterprise",
      title: t("meta.enterprise"),
      cell: (row) => <Link to={`/enterprises/${row.enterprise.id}`}>{nameOf(row.enterprise, language)}</Link>,
    },
    { key: "last", title: t("meta.last"), numeric: true, cell: (row) => shortTime(row.last_seen) },
    {
      key: "incident",
      title: t("meta.incident"),
      cell: (row) =>
        row.incident_id ? (
          <Link to={`/incidents/${row.incident_id}`}>{row.incident_id.slice(0, 10)}</Link>
        ) : (
          <span className="quiet">{t("meta.none")}</span>
        ),
    },
  ];
  if (list.query.isPending) return <Loading />;
  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  return (
    <div>
      <header className="page-head">
        <h1>{t("metaTitle")}</h1>
      </header>
      <section className="card">
        {list.rows.length === 0 ? <Nothing /> : <Table label={t("metaTitle")} columns={columns} rows={list.rows} keyOf={(row) => row.id} />}
        <More query={list.query} />
      </section>
    </div>
  );
}
