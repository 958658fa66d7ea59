import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { More } from "../../components/More";
import { RiskMark, Severity, Status } from "../../components/marks";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { number, percent, shortTime } from "../../format";
import { nameOf, pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { Numbers } from "../overview/Numbers";
import { SourceStatus } from "../sources/SourceStatus";
import "../overview/overview.css";
import "./enterprises.css";

type Detail = Schemas["EnterpriseDetail"];
type Asset = Schemas["AssetRow"];

function Facts({ data }: { data: Detail }): ReactNode {
  const { t, language } = useTexts("operations");
  const { t: common } = useTexts("common");
  return (
    <dl className="facts">
      <dt>{t("enterprises.kind")}</dt>
      <dd>
        {common(`kind.${data.kind}`)} · {common(`level.${data.level}`)}
      </dd>
      <dt>{t("enterprises.industry")}</dt>
      <dd>{language === "zh" ? data.industry_zh : data.industry_en}</dd>
      <dt>{t("enterprises.region")}</dt>
      <dd>{nameOf(data.region, language)}</dd>
      {data.park_id && (
        <>
          <dt>{t("enterprises.park")}</dt>
          <dd>
            <Link to={`/parks/${data.park_id}`}>{nameOf({ name: data.park_name, name_en: data.park_name_en }, language)}</Link>
          </dd>
        </>
      )}
      <dt>{t("enterprises.contact")}</dt>
      <dd>{data.contact || "–"}</dd>
      <dt>{t("enterprises.phone")}</dt>
      <dd className="number">{data.contact_phone || "–"}</dd>
    </dl>
  );
}

function Assets({ id }: { id: string }): ReactNode {
  const { t, language } = useTexts("operations");
  const { may } = useSession();
  const list = useList(["assets", id], (cursor) =>
    take(
      api.GET("/api/v1/enterprises/{enterprise_id}/assets", {
        params: { path: { enterprise_id: id }, query: { limit: 100, ...(cursor ? { cursor } : {}) } },
      }),
    ),
  );
  const columns: Column<Asset>[] = [
    {
      key: "name",
      title: t("enterprises.asset"),
      cell: (row) => (may("risk.read") && row.risk ? <Link to={`/risk/asset/${encodeURIComponent(row.id)}`}>{row.name}</Link> : row.name),
    },
    { key: "kind", title: t("enterprises.assetKind"), cell: (row) => row.kind },
    { key: "address", title: t("enterprises.address"), cell: (row) => <span className="mono">{row.address}</span> },
    { key: "criticality", title: t("enterprises.criticality"), numeric: true, cell: (row) => percent(row.criticality, language) },
    { key: "purdue", title: t("enterprises.purdue"), numeric: true, cell: (row) => row.purdue ?? "–" },
    { key: "exposure", title: t("enterprises.exposure"), cell: (row) => [row.exposure, ...row.exposed_protocols].filter(Boolean).join(" · ") },
    { key: "vendor", title: t("enterprises.vendor"), cell: (row) => `${row.vendor} ${row.model}` },
    { key: "risk", title: t("enterprises.risk"), cell: (row) => <RiskMark risk={row.risk} /> },
  ];
  return (
    <>
      <Table label={t("enterprises.assets")} columns={columns} rows={list.rows} keyOf={(row) => row.id} />
      <More query={list.query} />
    </>
  );
}

function Incidents({ id }: { id: string }): ReactNode {
  const { t, language } = useTexts("operations");
  const navigate = useNavigate();
  const list = useList(["incidents", "enterprise", id], (cursor) =>
    take(api.GET("/api/v1/incidents", { params: { query: { view: "all", enterprise_id: id, limit: 50, ...(cursor ? { cursor } : {}) } } })),
  );
  const columns: Column<Schemas["Incident"]>[] = [
    { key: "severity", title: "", cell: (row) => <Severity level={row.severity_level} /> },
    { key: "title", title: t("enterprises.incidents"), cell: (row) => <Link to={`/incidents/${row.id}`}>{pick(row, "title", language)}</Link> },
    { key: "status", title: "", cell: (row) => <Status status={row.status} /> },
    { key: "last", title: t("enterprises.last"), cell: (row) => <span className="number">{shortTime(row.last_seen)}</span> },
  ];
  if (list.rows.length === 0) return <Nothing />;
  return (
    <Table
      label={t("enterprises.incidents")}
      columns={columns}
      rows={list.rows}
      keyOf={(row) => row.id}
      onOpen={(row) => void navigate(`/incidents/${row.id}`)}
    />
  );
}

function Sources({ id }: { id: string }): ReactNode {
  const { t, language } = useTexts("operations");
  const list = useList(["sources", "enterprise", id], (cursor) =>
    take(api.GET("/api/v1/sources", { params: { query: { enterprise_id: id, limit: 50, ...(cursor ? { cursor } : {}) } } })),
  );
  const columns: Column<Schemas["Source"]>[] = [
    { key: "name", title: t("sources.source"), cell: (row) => <Link to={`/sources/${row.id}`}>{row.name}</Link> },
    { key: "product", title: t("sources.product"), cell: (row) => row.product },
    { key: "status", title: t("sources.status"), cell: (row) => <SourceStatus source={row} /> },
    { key: "received", title: t("sources.received"), numeric: true, cell: (row) => number(row.balance.received, language) },
  ];
  return <Table label={t("enterprises.sources")} columns={columns} rows={list.rows} keyOf={(row) => row.id} />;
}

export default function EnterprisePage(): ReactNode {
  const { id = "" } = useParams();
  const { t, language } = useTexts("operations");
  const { may } = useSession();
  const enterprise = useQuery({
    queryKey: ["enterprise", id],
    queryFn: () => take(api.GET("/api/v1/enterprises/{enterprise_id}", { params: { path: { enterprise_id: id } } })),
  });
  if (enterprise.isPending) return <Loading />;
  if (enterprise.isError) return <Failure error={enterprise.error} retry={() => void enterprise.refetch()} />;
  const { data } = enterprise;
  const risk = <RiskMark risk={data.risk} />;
  return (
    <div className="enterprises">
      <header className="page-head">
        {may("overview.read") && (
          <nav className="crumbs" aria-label={t("enterprises.region")}>
            {data.path.map((step) => (
              <span key={step.code}>
                <Link to={`/overview/${step.code}`}>{nameOf(step, language)}</Link>
                <span aria-hidden="true"> / </span>
              </span>
            ))}
          </nav>
        )}
        <h1 data-testid="enterprise-name">{nameOf(data, language)}</h1>
        {may("risk.read") ? <Link to={`/risk/enterprise/${id}`}>{risk}</Link> : risk}
      </header>
      <Numbers figures={data.numbers} />
      <div className="columns">
        <section className="card">
          <h2>{t("enterprises.facts")}</h2>
          <Facts data={data} />
        </section>
        {may("sources.read") && (
          <section className="card">
            <h2>{t("enterprises.sources")}</h2>
            <Sources id={id} />
          </section>
        )}
      </div>
      {may("incidents.read") && (
        <section className="card">
          <h2>{t("enterprises.incidents")}</h2>
          <Incidents id={id} />
        </section>
      )}
      <section className="card">
        <h2>{t("enterprises.assets")}</h2>
        <Assets id={id} />
      </section>
    </div>
  );
}
