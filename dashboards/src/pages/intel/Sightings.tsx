import type { ReactNode } from "react";
import { Link } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { More } from "../../components/More";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { number, time } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { eventsOf, Tlp } from "./parts";

type Row = Schemas["IndicatorSighting"];

function useColumns(withValue: boolean): Column<Row>[] {
  const { t, language } = useTexts("intel");
  const value: Column<Row>[] = [
    {
      key: "value",
      title: t("indicator.value"),
      cell: (row) => (
        <Link className="mono intel-value" to={`/intel/${row.indicator_id}`}>
          {row.value}
        </Link>
      ),
    },
    { key: "tlp", title: t("indicator.tlp"), cell: (row) => <Tlp level={row.tlp} /> },
  ];
  return [
    { key: "day", title: t("sighting.day"), cell: (row) => <span className="number">{new Date(row.day * 1000).toISOString().slice(0, 10)}</span> },
    ...(withValue ? value : []),
    {
      key: "enterprise",
      title: t("sighting.enterprise"),
      cell: (row) => (row.enterprise ? <Link to={`/enterprises/${row.enterprise.id}`}>{nameOf(row.enterprise, language)}</Link> : "–"),
    },
    {
      key: "count",
      title: t("sighting.count"),
      numeric: true,
      cell: (row) => <Link to={eventsOf(row.indicator_id)}>{number(row.count, language)}</Link>,
    },
    { key: "alerts", title: t("sighting.alerts"), numeric: true, cell: (row) => number(row.alerts, language) },
    { key: "first", title: t("sighting.first"), cell: (row) => <span className="number">{time(row.first_seen)}</span> },
    { key: "last", title: t("sighting.last"), cell: (row) => <span className="number">{time(row.last_seen)}</span> },
    {
      key: "retro",
      title: "",
      cell: (row) =>
        row.retro && (
          <span className="status" title={t("sighting.retroAbout")}>
            {t("sighting.retro")}
          </span>
        ),
    },
  ];
}

/** All sightings, or those of one indicator. */
export function Sightings({ indicator }: { indicator?: string }): ReactNode {
  const { t } = useTexts("intel");
  const columns = useColumns(indicator === undefined);
  const list = useList(["sightings", indicator ?? ""], (cursor) =>
    take(
      api.GET("/api/v1/intel/sightings", {
        params: { query: { limit: 50, ...(indicator ? { indicator_id: indicator } : {}), ...(cursor ? { cursor } : {}) } },
      }),
    ),
  );
  if (list.query.isPending) return <Loading />;
  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  return (
    <>
      {list.rows.length === 0 ? (
        <Nothing text={t("sighting.none")} />
      ) : (
        <Table label={t("views.sightings")} columns={columns} rows={list.rows} keyOf={(row) => row.id} testId="sightings" />
      )}
      <More query={list.query} />
    </>
  );
}
