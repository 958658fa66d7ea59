import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useState, type ReactNode } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { RegionMap } from "../../charts/RegionMap";
import { scaleTop } from "../../charts/ramp";
import { Trend } from "../../charts/Trend";
import { RiskMark } from "../../components/marks";
import { Failure, Loading } from "../../components/States";
import { Table } from "../../components/Table";
import { number, time } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { screenOf } from "../../links";
import { useLive } from "../../live";
import { useSignedIn } from "../../session";
import { Enterprises, Parks } from "./Below";
import { OverviewBursts } from "./Bursts";
import { OverviewCampaigns } from "./Campaigns";
import { Funnel } from "./Funnel";
import { Numbers } from "./Numbers";
import { Ranking } from "./Ranking";
import "./overview.css";

const HOURS = [24, 168, 720] as const;

/** Both answers of one region, asked together so that map and figures are of one moment. */
function useRegion(code: string, hours: number) {
  return useQuery({
    queryKey: ["overview", code, hours],
    queryFn: async () => {
      const [overview, detail] = await Promise.all([
        take(api.GET("/api/v1/overview", { params: { query: { region: code, hours } } })),
        take(api.GET("/api/v1/regions/{code}", { params: { path: { code }, query: { hours } } })),
      ]);
      return { overview, detail };
    },
    placeholderData: (before) => before,
  });
}

function Crumbs({ detail }: { detail: Schemas["RegionDetail"] }): ReactNode {
  const { t, language } = useTexts("overview");
  return (
    <nav className="crumbs" aria-label={t("region")} data-testid="crumbs">
      {detail.path.filter((step) => step.code !== detail.region.code).map((step) => (
        <span key={step.code}>
          <Link to={`/overview/${step.code}`}>{nameOf(step, language)}</Link>
          <span aria-hidden="true"> / </span>
        </span>
      ))}
      <strong aria-current="page">{nameOf(detail.region, language)}</strong>
    </nav>
  );
}

function Techniques({ rows }: { rows: Schemas["Overview"]["top_techniques"] }): ReactNode {
  const { t, language } = useTexts("overview");
  return (
    <Table
      label={t("techniques")}
      rows={rows}
      keyOf={(row) => row.technique}
      columns={[
        { key: "id", title: "ATT&CK", cell: (row) => <span className="mono">{row.technique}</span> },
        { key: "name", title: t("technique"), cell: (row) => (language === "zh" ? row.technique_zh : row.technique_en) },
        { key: "alerts", title: t("alerts"), numeric: true, cell: (row) => number(row.alerts, language) },
        {
          key: "metas",
          title: t("metaAlerts"),
          numeric: true,
          cell: (row) => {
            const to = screenOf(row.href);
            const text = number(row.meta_alerts, language);
            return to ? <Link to={to}>{text}</Link> : text;
          },
        },
      ]}
    />
  );
}

function MapNote(): ReactNode {
  const { language } = useTexts("overview");
  const platform = useQuery({ queryKey: ["platform"], queryFn: () => take(api.GET("/api/v1/platform")), staleTime: Infinity });
  const note = platform.data?.map;
  return <p className="map-note">{note ? (language === "zh" ? note.note_zh : note.note_en) : ""}</p>;
}

export default function Overview(): ReactNode {
  const { t, language } = useTexts("overview");
  const { t: common } = useTexts("common");
  const { home_region: home } = useSignedIn();
  const { code = home } = useParams();
  const [query, setQuery] = useSearchParams();
  const hours = Number(query.get("hours") ?? 24);
  const navigate = useNavigate();
  const [pointed, setPointed] = useState<string>();
  const [news, setNews] = useState(0);
  const region = useRegion(code, hours);
  useLive(["incident", "risk"], () => {
    setNews((count) => count + 1);
  });

  if (region.isPending) return <Loading />;
  if (region.isError) return <Failure error={region.error} retry={() => void region.refetch()} />;
  const { overview, detail } = region.data;
  const open = (below: string): void => {
    setPointed(undefined);
    void navigate({ pathname: `/overview/${below}`, search: query.toString() });
  };
  const summary = language === "zh" ? overview.summary_zh : overview.summary_en;
  const trend = overview.trend.points;
  return (
    <div className="overview">
      <header className="page-head">
        <Crumbs detail={detail} />
        <Link to={`/risk/${detail.region.level}/${detail.region.code}`} data-testid="region-risk" title={common("risk.opens")}>
          <RiskMark risk={detail.risk} />
        </Link>
        <span className="grow" />
        {news > 0 && (
          <button
            type="button"
            className="pill"
            onClick={() => {
              setNews(0);
              void region.refetch();
            }}
          >
            {common("updates", { count: news })}
          </button>
        )}
        <Select<number>
          aria-label={t("period")}
          value={hours}
          onChange={(value) => {
            setQuery({ hours: String(value) });
          }}
          options={HOURS.map((value) => ({ value, label: t(`hours.${value}`) }))}
        />
        <span className="quiet">{common("asOf", { time: time(overview.at) })}</span>
      </header>
      <p className="summary" data-testid="summary">
        {summary}
      </p>
      <Numbers figures={overview.numbers} />
      {detail.children.length > 0 ? (
        <section className="overview-map">
          <div className="card">
            <h2>{t("map")}</h2>
            <RegionMap code={code} rows={detail.children} height={440} highlighted={pointed} onOpen={open} onPoint={setPointed} />
            <p className="quiet map-legend">
              <span className="ramp" aria-hidden="true" /> {t("legend", { top: scaleTop(detail.children.map((row) => row.risk?.mid ?? 0)) })}
            </p>
            <MapNote />
          </div>
          <div className="card">
            <h2>
              {t("ranking")} <small className="quiet">{t("drill")}</small>
            </h2>
            <Ranking rows={detail.children} hours={hours} at={overview.at} highlighted={pointed} onOpen={open} onPoint={setPointed} />
          </div>
        </section>
      ) : (
        <p className="quiet">{t("county")}</p>
      )}
      {/* Below the map: they arrive on their own, and nothing may move under a pointer that is about to press. */}
      <OverviewCampaigns />
      <OverviewBursts code={code} />
      <section className="columns">
        <div className="card">
          <h2>{t("funnel")}</h2>
          <Funnel steps={overview.funnel} />
        </div>
        <div className="card">
          <h2>{t("trend")}</h2>
          <Trend
            label={t("trend")}
            height={200}
            lines={[
              { name: t("alerts"), kind: "bar", points: trend.map((p) => [p.start, p.alerts] as const) },
              { name: t("incidents"), kind: "line", axis: 1, points: trend.map((p) => [p.start, p.incidents] as const) },
            ]}
          />
        </div>
        <div className="card">
          <h2>{t("techniques")}</h2>
          <Techniques rows={overview.top_techniques} />
        </div>
      </section>
      {detail.parks.length > 0 && (
        <section className="card">
          <h2>{t("parks")}</h2>
          <Parks rows={detail.parks} hours={hours} at={overview.at} />
        </section>
      )}
      {detail.enterprises.length > 0 && (
        <section className="card">
          <h2>{t("enterprises")}</h2>
          <Enterprises rows={detail.enterprises} />
        </section>
      )}
    </div>
  );
}
