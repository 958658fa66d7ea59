import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { Trend } from "../../charts/Trend";
import { Failure, Loading } from "../../components/States";
import { Table } from "../../components/Table";
import { number, shortTime, time } from "../../format";
import { nameOf, pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useLive } from "../../live";
import "../campaigns/campaigns.css";

type Detail = Schemas["BurstDetail"];

function Hours({ burst }: { burst: Detail }): ReactNode {
  const { t, language } = useTexts("bursts");
  return (
    <Table
      label={t("hours")}
      rows={burst.hours.filter((hour) => hour.within || hour.observed > 0)}
      keyOf={(hour) => String(hour.at)}
      columns={[
        { key: "hour", title: t("hour"), cell: (hour) => <span className="number">{shortTime(hour.at)}</span> },
        { key: "part", title: "", cell: (hour) => hour.within && <span className="status">{t("part")}</span> },
        { key: "observed", title: t("observed"), numeric: true, cell: (hour) => number(hour.observed, language) },
        {
          key: "expected",
          title: t("range"),
          numeric: true,
          cell: (hour) => `${number(hour.expected, language, 2)} ± ${number(hour.spread, language, 2)}`,
        },
        { key: "reporting", title: t("reporting"), numeric: true, cell: (hour) => number(hour.reporting, language) },
        { key: "z", title: t("z"), numeric: true, cell: (hour) => number(hour.z, language, 2) },
        { key: "level", title: t("level"), numeric: true, cell: (hour) => number(hour.level, language, 2) },
      ]}
    />
  );
}

function Enterprises({ burst }: { burst: Detail }): ReactNode {
  const { t, language } = useTexts("bursts");
  return (
    <Table
      label={t("enterprises")}
      testId="burst-enterprises"
      rows={burst.enterprises}
      keyOf={(row) => row.enterprise.id}
      columns={[
        { key: "name", title: t("enterprise"), cell: (row) => <Link to={`/enterprises/${row.enterprise.id}`}>{nameOf(row.enterprise, language)}</Link> },
        { key: "region", title: "", cell: (row) => <span className="quiet">{nameOf(row.region, language)}</span> },
        { key: "first", title: t("first"), cell: (row) => <span className="number">{time(row.first_at)}</span> },
        {
          key: "occurrences",
          title: t("occurrences"),
          cell: (row) => (
            <ul className="campaign-list plain">
              {row.occurrences.map((one) => (
                <li key={one.meta_id}>
                  {one.incident_id ? <Link to={`/incidents/${one.incident_id}`}>{one.name}</Link> : <Link to={`/meta-alerts?q=${one.meta_id}`}>{one.name}</Link>}
                </li>
              ))}
            </ul>
          ),
        },
      ]}
    />
  );
}

export default function BurstPage(): ReactNode {
  const { id = "" } = useParams();
  const { t, language } = useTexts("bursts");
  const query = useQuery({
    queryKey: ["burst", id],
    queryFn: () => take(api.GET("/api/v1/bursts/{burst_id}", { params: { path: { burst_id: id } } })),
  });
  useLive(["burst"], (change) => {
    if (change.id === id) void query.refetch();
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const burst = query.data;
  return (
    <div className="campaign">
      <header className="page-head">
        <h1 data-testid="burst-title">{pick(burst, "title", language)}</h1>
        <span className="status">{burst.active ? t(burst.over ? "over" : "running") : t("taken")}</span>
        <span className="quiet">
          {time(burst.started_at)} – {time(burst.last_at)}
        </span>
      </header>
      <section className="card" id="why">
        <h2>{t("why")}</h2>
        <p>
          {t("reason", { peak: number(burst.peak, language, 2), threshold: number(burst.threshold, language, 2) })} {t("counted")}
        </p>
        <Trend
          label={t("chart")}
          height={220}
          lines={[
            { name: t("observed"), kind: "bar", points: burst.hours.map((hour) => [hour.at, hour.observed]) },
            { name: t("expected"), kind: "line", points: burst.hours.map((hour) => [hour.at, hour.expected]) },
            { name: t("upper"), kind: "line", points: burst.hours.map((hour) => [hour.at, hour.expected + 2 * hour.spread]) },
          ]}
        />
      </section>
      <section className="card" id="hours">
        <h2>{t("hours")}</h2>
        <Hours burst={burst} />
      </section>
      <section className="card" id="enterprises">
        <h2>{t("enterprises")}</h2>
        <Enterprises burst={burst} />
        {burst.enterprises_elsewhere > 0 && <p className="quiet">{t("elsewhere", { count: burst.enterprises_elsewhere })}</p>}
      </section>
    </div>
  );
}
