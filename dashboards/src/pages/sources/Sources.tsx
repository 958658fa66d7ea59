import { Button, Input } from "antd";
import type { ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { More } from "../../components/More";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { ago, number, percent, span, time } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { Difference, useBalanceColumns } from "./BalanceCells";
import { PARTS } from "./balance";
import { SourceStatus } from "./SourceStatus";
import "./sources.css";

type Source = Schemas["Source"];
type Page = Schemas["SourcePage"];

function useQuality(): Column<Source>[] {
  const { t, language } = useTexts("operations");
  return [
    {
      key: "source",
      title: t("sources.source"),
      cell: (row) => (
        <>
          <Link to={`/sources/${row.id}`}>{row.name}</Link>
          <div className="quiet source-small">
            {row.product} · <span className="mono">{row.parser || "–"}</span>
          </div>
        </>
      ),
    },
    {
      key: "enterprise",
      title: t("sources.enterprise"),
      cell: (row) => (
        <>
          <Link to={`/enterprises/${row.enterprise.id}`}>{nameOf(row.enterprise, language)}</Link>
          <div className="quiet source-small">{nameOf(row.region, language)}</div>
        </>
      ),
    },
    { key: "status", title: t("sources.status"), cell: (row) => <SourceStatus source={row} /> },
    {
      key: "last",
      title: t("sources.last"),
      cell: (row) => (row.last_seen === null ? t("sources.never") : ago(row.last_seen, language)),
    },
    { key: "delay", title: t("sources.delay"), numeric: true, cell: (row) => (row.delay_mean === null ? "–" : span(row.delay_mean, language)) },
    { key: "skew", title: t("sources.skew"), numeric: true, cell: (row) => `${row.clock_skew > 0 ? "+" : ""}${number(row.clock_skew, language, 0)} s` },
    { key: "rate", title: t("sources.rate"), numeric: true, cell: (row) => (row.parse_rate === null ? "–" : percent(row.parse_rate, language, 1)) },
  ];
}

function Totals({ page }: { page: Page }): ReactNode {
  const { t, language } = useTexts("operations");
  return (
    <dl className="balance" data-testid="balance">
      {(["received", ...PARTS] as const).map((part, index) => (
        <div key={part}>
          <dt>
            {index === 1 ? "= " : index > 1 ? "+ " : ""}
            {t(`sources.${part}`)}
          </dt>
          <dd className="number">{number(page.totals[part], language)}</dd>
        </div>
      ))}
      <div>
        <dt>{t("sources.difference")}</dt>
        <dd>
          <Difference value={page.totals.difference} />
        </dd>
      </div>
    </dl>
  );
}

function Statuses({ page, on, onToggle }: { page: Page; on: string | null; onToggle: (status: string) => void }): ReactNode {
  const { t, language } = useTexts("operations");
  return (
    <div className="row" role="group" aria-label={t("sources.status")}>
      {page.statuses.map((row) => (
        <Button
          key={row.status}
          size="small"
          type={on === row.status ? "primary" : "default"}
          aria-pressed={on === row.status}
          onClick={() => {
            onToggle(row.status);
          }}
        >
          {t(`sources.statuses.${row.status}`)} {number(row.count, language)}
        </Button>
      ))}
    </div>
  );
}

export default function Sources(): ReactNode {
  const { t } = useTexts("operations");
  const { t: common } = useTexts("common");
  const { t: imports } = useTexts("imports");
  const { may } = useSession();
  const [params, setParams] = useSearchParams();
  const navigate = useNavigate();
  const query = {
    ...(params.get("q") ? { q: params.get("q") ?? "" } : {}),
    ...(params.get("status") ? { status: [params.get("status") as Source["status"]] } : {}),
    ...(params.get("enterprise_id") ? { enterprise_id: params.get("enterprise_id") } : {}),
    ...(params.get("region") ? { region: params.get("region") } : {}),
    ...(params.get("start") ? { start: Number(params.get("start")) } : {}),
    ...(params.get("end") ? { end: Number(params.get("end")) } : {}),
  };
  const list = useList(["sources", params.toString()], (cursor) =>
    take(api.GET("/api/v1/sources", { params: { query: { ...query, limit: 100, ...(cursor ? { cursor } : {}) } } })),
  );
  const balance = useBalanceColumns<Source>((row) => row.balance);
  const quality = useQuality();
  const set = (name: string, value: string): void => {
    const next = new URLSearchParams(params);
    if (value) next.set(name, value);
    else next.delete(name);
    setParams(next);
  };
  if (list.query.isPending) return <Loading />;
  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  return (
    <div className="sources">
      <header className="page-head">
        <h1>{t("sources.title")}</h1>
        <span className="grow" />
        {list.first && <span className="quiet">{common("asOf", { time: time(Math.min(list.first.end, list.query.dataUpdatedAt / 1000)) })}</span>}
        {may("inventory.write") && <Link to="/sources/import">{imports("title")}</Link>}
        {may("sources.write") && (
          <Button
            type="primary"
            onClick={() => void navigate("/sources/new")}
            data-testid="add-source"
          >
            {t("sources.add")}
          </Button>
        )}
      </header>
      {list.first && (
        <section className="card">
          <h2>
            {t("sources.balance")} <small className="quiet">{t("sources.equation")}</small>
          </h2>
          <Totals page={list.first} />
        </section>
      )}
      <div className="row">
        <Input.Search
          className="sources-filter"
          defaultValue={params.get("q") ?? ""}
          placeholder={t("sources.filter")}
          aria-label={t("sources.filter")}
          allowClear
          onSearch={(value) => {
            set("q", value.trim());
          }}
        />
        {list.first && (
          <Statuses
            page={list.first}
            on={params.get("status")}
            onToggle={(status) => {
              set("status", params.get("status") === status ? "" : status);
            }}
          />
        )}
      </div>
      <section className="card sources-list">
        {list.rows.length === 0 ? (
          <Nothing />
        ) : (
          <Table
            label={t("sources.title")}
            columns={[...quality, ...balance]}
            rows={list.rows}
            keyOf={(row) => row.id}
            onOpen={(row) => void navigate(`/sources/${row.id}`)}
            testId="sources"
          />
        )}
        <More query={list.query} />
      </section>
    </div>
  );
}
