/** The big screen: one artboard of 1920×1080 that is scaled to the wall; calm, complete without a mouse, never signs out. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { RegionMap } from "../../charts/RegionMap";
import { scaleTop } from "../../charts/ramp";
import { Trend } from "../../charts/Trend";
import { RiskMark, Severity } from "../../components/marks";
import { number, percent, shortTime, time } from "../../format";
import { nameOf, pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useLive } from "../../live";
import { useSession } from "../../session";
import { SignIn } from "../SignIn";
import { Funnel } from "../overview/Funnel";
import { Change } from "../overview/Numbers";
import "../overview/overview.css";
import "./screen.css";

const WIDTH = 1920;
const HEIGHT = 1080;
const REFRESH = 15_000;
const TICK = 4000;
const TICKER = 6;

function useScale(): number {
  const [scale, setScale] = useState(() => Math.min(window.innerWidth / WIDTH, window.innerHeight / HEIGHT));
  useEffect(() => {
    const measure = (): void => {
      setScale(Math.min(window.innerWidth / WIDTH, window.innerHeight / HEIGHT));
    };
    window.addEventListener("resize", measure);
    return () => {
      window.removeEventListener("resize", measure);
    };
  }, []);
  return scale;
}

/** One step every four seconds; stands still for people who asked for less motion. */
function useTick(length: number): number {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    if (length <= TICKER || window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const timer = setInterval(() => {
      setTick((before) => (before + 1) % length);
    }, TICK);
    return () => {
      clearInterval(timer);
    };
  }, [length]);
  return length > TICKER ? tick : 0;
}

function Latest({ rows }: { rows: readonly Schemas["Incident"][] }): ReactNode {
  const { language } = useTexts("overview");
  const first = useTick(rows.length);
  const shown = [...rows.slice(first), ...rows.slice(0, first)].slice(0, TICKER);
  return (
    <ul className="screen-latest">
      {shown.map((row) => (
        <li key={row.id}>
          <Severity level={row.severity_level} />
          <span className="ellipsis">{pick(row, "title", language)}</span>
          <span className="quiet ellipsis">{nameOf(row.enterprise, language)}</span>
          <span className="quiet number">{shortTime(row.last_seen)}</span>
        </li>
      ))}
    </ul>
  );
}

function Board({ home }: { home: string }): ReactNode {
  const { t, language } = useTexts("overview");
  const { t: common } = useTexts("common");
  const navigate = useNavigate();
  const scale = useScale();
  const live = useLive(["incident", "risk"], () => undefined);
  const overview = useQuery({
    queryKey: ["overview", "screen", home],
    queryFn: () => take(api.GET("/api/v1/overview", { params: { query: { region: home, hours: 24 } } })),
    refetchInterval: REFRESH,
  });
  const incidents = useQuery({
    queryKey: ["incidents", "screen"],
    queryFn: () => take(api.GET("/api/v1/incidents", { params: { query: { view: "open", sort: "-last_seen", limit: 20 } } })),
    refetchInterval: REFRESH,
  });
  useEffect(() => {
    const leave = (event: KeyboardEvent): void => {
      if (event.key === "Escape") void navigate("/overview");
    };
    window.addEventListener("keydown", leave);
    return () => {
      window.removeEventListener("keydown", leave);
    };
  }, [navigate]);
  const { data } = overview;
  const trend = useMemo(
    () => [
      { name: t("alerts"), kind: "bar" as const, points: (data?.trend.points ?? []).map((p) => [p.start, p.alerts] as const) },
      { name: t("incidents"), kind: "line" as const, axis: 1 as const, points: (data?.trend.points ?? []).map((p) => [p.start, p.incidents] as const) },
    ],
    [data, t],
  );
  if (!data) return null;
  const figure = (key: string): Schemas["Number"] | undefined => data.numbers.find((one) => one.key === key);
  const share = figure("monitored_share");
  const big = ["open_incidents", "incidents", "enterprises_hit", "alerts"].map(figure).filter((one) => one !== undefined);
  const stale = live === "lost" || overview.isError;
  return (
    <main className="screen" style={{ width: WIDTH, height: HEIGHT, transform: `scale(${scale})` }} data-testid="screen">
      <header>
        <h1>
          {nameOf(data.region, language)} {t("screen.title")}
        </h1>
        <span>{common("asOf", { time: time(data.at) })}</span>
        {share && (
          <span>
            {t("screen.reporting")} <strong className="number">{percent(share.value / 100, language, 1)}</strong>
          </span>
        )}
        {stale && <strong role="status">⚑ {t("screen.stale", { time: time(data.at) })}</strong>}
      </header>
      <section className="screen-numbers" aria-label={t("screen.numbers")}>
        <div>
          <span>{t("risk")}</span>
          <RiskMark risk={data.risk} />
        </div>
        {big.map((one) => (
          <div key={one.key}>
            <span>{language === "zh" ? one.label_zh : one.label_en}</span>
            <strong className="number">{number(one.value, language)}</strong>
            <Change figure={one} />
          </div>
        ))}
      </section>
      <section className="screen-map">
        <h2>{t("map")}</h2>
        <RegionMap code={home} rows={data.ranking} height={700} fontSize={17} onOpen={(code) => void navigate(`/overview/${code}`)} />
        <p>{t("legend", { top: scaleTop(data.ranking.map((row) => row.risk?.mid ?? 0)) })}</p>
      </section>
      <section className="screen-ranking">
        <h2>{t("ranking")}</h2>
        <ol>
          {data.ranking.slice(0, 11).map((row) => (
            <li key={row.region.code}>
              <span>{nameOf(row.region, language)}</span>
              <RiskMark risk={row.risk} />
              <span className="quiet number">
                {row.enterprises_hit}/{row.enterprises_monitored}
              </span>
            </li>
          ))}
        </ol>
      </section>
      <section className="screen-incidents">
        <h2>{t("screen.latest")}</h2>
        <Latest rows={incidents.data?.items ?? []} />
      </section>
      <section className="screen-funnel">
        <h2>{t("funnel")}</h2>
        <Funnel steps={data.funnel} />
      </section>
      <section className="screen-trend">
        <h2>{t("trend")}</h2>
        <Trend label={t("trend")} lines={trend} height={210} fontSize={16} />
      </section>
    </main>
  );
}

export default function Screen(): ReactNode {
  const { session } = useSession();
  return session ? <Board home={session.home_region} /> : <SignIn />;
}
