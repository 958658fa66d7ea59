/** Whose data is complete, timely and valid: the league table, each share with what it is made of. */
import { useQuery } from "@tanstack/react-query";
import { Alert, Select } from "antd";
import type { ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { number, percent } from "../../format";
import type { Language } from "../../i18n";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import "./sources.css";

type League = Schemas["QualityTable"];
type Row = Schemas["QualityRow"];
type By = League["by"];

const BYS = ["city", "county", "park", "enterprise"] as const;
const ORDERS = ["best", "worst"] as const;
const HOURS = [24, 168, 720] as const;

/** Where a row's name leads, and the condition that finds its sources. */
const PLACES: Record<By, { page: string; filter: string }> = {
  city: { page: "/overview/", filter: "region" },
  county: { page: "/overview/", filter: "region" },
  park: { page: "/parks/", filter: "park_id" },
  enterprise: { page: "/enterprises/", filter: "enterprise_id" },
};

/** The three shares; `isLong`: with what they are made of in words, said once above the table. */
function useShares(seconds: number, isLong: boolean): Column<Schemas["Quality"]>[] {
  const { t, language } = useTexts("quality");
  const figure = (value: number): string => number(value, language);
  const share = (value: number | null, part: number, whole: number, words: string): ReactNode => (
    <>
      {value === null ? "–" : percent(value, language, 1)}
      <div className="quiet source-small">{isLong ? words : `${figure(part)} / ${figure(whole)}`}</div>
    </>
  );
  return [
    {
      key: "completeness",
      title: t("completeness"),
      numeric: true,
      cell: (row) =>
        share(
          row.completeness,
          row.heard,
          row.expected,
          row.expected === 0 ? t("unjudged") : t("completenessHow", { heard: figure(row.heard), expected: figure(row.expected) }),
        ),
    },
    {
      key: "timeliness",
      title: t("timeliness"),
      numeric: true,
      cell: (row) =>
        share(row.timeliness, row.timely, row.stored, t("timelinessHow", { timely: figure(row.timely), stored: figure(row.stored), seconds: figure(seconds) })),
    },
    {
      key: "validity",
      title: t("validity"),
      numeric: true,
      cell: (row) => share(row.validity, row.valid, row.received, t("validityHow", { valid: figure(row.valid), received: figure(row.received) })),
    },
  ];
}

function score(row: Schemas["Quality"], language: Language): string {
  return row.score === null ? "–" : number(row.score * 100, language, 1);
}

function useColumns(table: League | undefined): Column<Row>[] {
  const { t, language } = useTexts("quality");
  const { may } = useSession();
  const shares = useShares(table?.timely_seconds ?? 0, false);
  const place = PLACES[table?.by ?? "city"];
  const opens = (row: Row, value: number): ReactNode => {
    const query = new URLSearchParams({ [place.filter]: row.key, start: String(table?.start ?? 0), end: String(table?.end ?? 0) });
    return may("sources.read") ? <Link to={`/sources?${query.toString()}`}>{number(value, language)}</Link> : number(value, language);
  };
  return [
    { key: "rank", title: t("rank"), numeric: true, cell: (row) => row.rank ?? "–" },
    { key: "name", title: t("name"), cell: (row) => <Link to={`${place.page}${row.key}`}>{nameOf(row, language)}</Link> },
    { key: "score", title: t("score"), numeric: true, cell: (row) => <strong>{score(row, language)}</strong> },
    ...shares,
    { key: "sources", title: t("sources"), numeric: true, cell: (row) => opens(row, row.sources) },
    { key: "received", title: t("received"), numeric: true, cell: (row) => opens(row, row.received) },
  ];
}

function Whole({ table }: { table: League }): ReactNode {
  const { t, language } = useTexts("quality");
  const shares = useShares(table.timely_seconds, true);
  return (
    <dl className="balance" data-testid="quality-whole">
      <div>
        <dt>{t("score")}</dt>
        <dd className="number">{score(table.whole, language)}</dd>
      </div>
      {shares.map((column) => (
        <div key={column.key}>
          <dt>{column.title}</dt>
          <dd className="number">{column.cell(table.whole)}</dd>
        </div>
      ))}
    </dl>
  );
}

export default function Quality(): ReactNode {
  const { t, language } = useTexts("quality");
  const { t: overview } = useTexts("overview");
  const [params, setParams] = useSearchParams();
  const navigate = useNavigate();
  const by = BYS.find((one) => one === params.get("by")) ?? "city";
  const order = ORDERS.find((one) => one === params.get("order")) ?? "best";
  const hours = Number(params.get("hours") ?? 24);
  const region = params.get("region");
  const found = useQuery({
    queryKey: ["data-quality", by, order, hours, region],
    queryFn: () => take(api.GET("/api/v1/data-quality", { params: { query: { by, order, hours, limit: 500, ...(region ? { region } : {}) } } })),
    placeholderData: (before) => before,
  });
  const columns = useColumns(found.data);
  const set = (name: string, value: string): void => {
    const next = new URLSearchParams(params);
    next.set(name, value);
    setParams(next);
  };
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failure error={found.error} retry={() => void found.refetch()} />;
  const table = found.data;
  return (
    <div className="sources">
      <header className="page-head">
        <h1>{t("title")}</h1>
        <span className="quiet">{t("lead")}</span>
        <span className="grow" />
        <Select<By> aria-label={t("by")} value={by} onChange={(value) => { set("by", value); }} options={BYS.map((value) => ({ value, label: t(`bys.${value}`) }))} />
        <Select<string> aria-label={t("order")} value={order} onChange={(value) => { set("order", value); }} options={ORDERS.map((value) => ({ value, label: t(`orders.${value}`) }))} />
        <Select<number> aria-label={overview("period")} value={hours} onChange={(value) => { set("hours", String(value)); }} options={HOURS.map((value) => ({ value, label: overview(`hours.${value}`) }))} />
      </header>
      <section className="card">
        <h2>
          {t("whole")} <small className="quiet">{t("groups", { count: number(table.groups, language) })}</small>
        </h2>
        {table.whole.sources > 0 && table.whole.expected === 0 && <Alert type="info" showIcon title={t("tooEarly")} />}
        <Whole table={table} />
      </section>
      <section className="card sources-list">
        {table.items.length === 0 ? (
          <Nothing text={t("none")} />
        ) : (
          <Table
            label={t("title")}
            columns={columns}
            rows={table.items}
            keyOf={(row) => row.key}
            onOpen={(row) => void navigate(`${PLACES[table.by].page}${row.key}`)}
            testId="quality"
          />
        )}
      </section>
    </div>
  );
}
