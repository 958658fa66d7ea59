import { Checkbox, Input, Select } from "antd";
import type { ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import type { operations } from "../../api/schema";
import { More } from "../../components/More";
import { RiskMark } from "../../components/marks";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { ago, number } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import "./enterprises.css";

type Row = Schemas["EnterpriseRow"];
type Query = NonNullable<operations["list_enterprises"]["parameters"]["query"]>;

const KINDS = ["industrial", "platform", "identifier"] as const;
const SORTS = ["-risk", "-open_incidents", "name"] as const;

/** The API's query of an address; what is a number or a truth value there becomes one. */
function queryOf(params: URLSearchParams): Query {
  const query: Query = {};
  for (const name of ["q", "region", "industry", "park_id"] as const) {
    const value = params.get(name);
    if (value) query[name] = value;
  }
  const kinds = params.getAll("kind");
  if (kinds.length > 0) query.kind = kinds as NonNullable<Query["kind"]>;
  if (params.get("monitored")) query.monitored = params.get("monitored") === "true";
  if (params.get("hit_since")) query.hit_since = Number(params.get("hit_since"));
  query.sort = (params.get("sort") ?? "-risk") as NonNullable<Query["sort"]>;
  return query;
}

export default function Enterprises(): ReactNode {
  const { t, language } = useTexts("operations");
  const { t: common } = useTexts("common");
  const [params, setParams] = useSearchParams();
  const navigate = useNavigate();
  const list = useList(["enterprises", params.toString()], (cursor) =>
    take(api.GET("/api/v1/enterprises", { params: { query: { ...queryOf(params), limit: 100, ...(cursor ? { cursor } : {}) } } })),
  );
  const set = (name: string, values: readonly string[]): void => {
    const next = new URLSearchParams(params);
    next.delete(name);
    for (const value of values) next.append(name, value);
    setParams(next);
  };
  const columns: Column<Row>[] = [
    { key: "name", title: t("enterprises.name"), cell: (row) => <Link to={`/enterprises/${row.id}`}>{nameOf(row, language)}</Link> },
    { key: "kind", title: t("enterprises.kind"), cell: (row) => common(`kind.${row.kind}`) },
    { key: "level", title: t("enterprises.level"), cell: (row) => common(`level.${row.level}`) },
    { key: "industry", title: t("enterprises.industry"), cell: (row) => (language === "zh" ? row.industry_zh : row.industry_en) },
    { key: "region", title: t("enterprises.region"), cell: (row) => nameOf(row.region, language) },
    { key: "risk", title: t("enterprises.risk"), cell: (row) => <RiskMark risk={row.risk} /> },
    { key: "open", title: t("enterprises.open"), numeric: true, cell: (row) => number(row.open_incidents, language) },
    { key: "sources", title: t("enterprises.sources"), numeric: true, cell: (row) => number(row.sources, language) },
    { key: "last", title: t("enterprises.last"), cell: (row) => (row.last_seen === null ? t("sources.never") : ago(row.last_seen, language)) },
  ];
  if (list.query.isPending) return <Loading />;
  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  return (
    <div className="enterprises">
      <header className="page-head">
        <h1>{t("enterprises.title")}</h1>
      </header>
      <div className="row">
        <Input.Search
          className="enterprises-filter"
          defaultValue={params.get("q") ?? ""}
          placeholder={t("enterprises.filter")}
          aria-label={t("enterprises.filter")}
          allowClear
          onSearch={(value) => {
            set("q", value.trim() ? [value.trim()] : []);
          }}
        />
        <Select
          aria-label={t("enterprises.kind")}
          mode="multiple"
          allowClear
          placeholder={t("enterprises.kind")}
          className="enterprises-kind"
          value={params.getAll("kind")}
          onChange={(values: string[]) => {
            set("kind", values);
          }}
          options={KINDS.map((value) => ({ value, label: common(`kind.${value}`) }))}
        />
        <Select
          aria-label={t("enterprises.sort.-risk")}
          value={params.get("sort") ?? "-risk"}
          onChange={(value: string) => {
            set("sort", [value]);
          }}
          options={SORTS.map((value) => ({ value, label: t(`enterprises.sort.${value}`) }))}
        />
        <Checkbox
          checked={params.get("monitored") === "true"}
          onChange={(event) => {
            set("monitored", event.target.checked ? ["true"] : []);
          }}
        >
          {t("enterprises.monitored")}
        </Checkbox>
      </div>
      <section className="card enterprises-list">
        {list.rows.length === 0 ? (
          <Nothing />
        ) : (
          <Table
            label={t("enterprises.title")}
            columns={columns}
            rows={list.rows}
            keyOf={(row) => row.id}
            onOpen={(row) => void navigate(`/enterprises/${row.id}`)}
            testId="enterprises"
          />
        )}
        <More query={list.query} />
      </section>
    </div>
  );
}
