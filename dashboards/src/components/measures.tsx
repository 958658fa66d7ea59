/** The columns by which places, parks and industries are compared: what does not grow with how noisy a line is. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { number, percent } from "../format";
import type { Language } from "../i18n";
import { useTexts } from "../i18n/use";
import { useSession } from "../session";
import type { Column } from "./Table";

type Measures = Pick<
  Schemas["IndustryRow"],
  | "enterprises_hit"
  | "enterprises_monitored"
  | "hit_rate"
  | "hit_rate_previous"
  | "judged_incidents"
  | "open_incidents"
  | "overdue_incidents"
>;

const JUDGED = [
  "true_positive_success",
  "true_positive_attempt",
  "benign_positive",
  "false_positive",
  "duplicate",
  "automated",
  "other",
] as const;
const judged = JUDGED.map((verdict) => `verdict=${verdict}`).join("&");

/** ▲ or ▼ with the points of percentage by which the share of enterprises hit changed. */
function Moved({ row, language }: { row: Measures; language: Language }): ReactNode {
  const { t } = useTexts("overview");
  if (row.hit_rate_previous === null) return null;
  const points = row.hit_rate - row.hit_rate_previous;
  if (Math.abs(points) < 0.0005) return null;
  const text = t(points > 0 ? "change.up" : "change.down", { value: percent(Math.abs(points), language, 1) });
  return (
    <span className="quiet" title={text}>
      {" "}
      <span aria-hidden="true">{points > 0 ? "▲" : "▼"}</span>
      <span className="visually-hidden">{text}</span>
    </span>
  );
}

/** `where` gives a row's condition on incidents and enterprises, such as `region=330100`; `hours` is the period. */
export function useMeasures<Row extends Measures>(where: (row: Row) => string, hours: number, at: number): Column<Row>[] {
  const { t, language } = useTexts("overview");
  const { may } = useSession();
  const since = Math.floor(at - hours * 3600);
  const count = (value: number, to: string): ReactNode => {
    const text = number(value, language);
    return value > 0 && may("incidents.read") ? <Link to={`/incidents?${to}`}>{text}</Link> : text;
  };
  return [
    {
      key: "hit",
      title: t("hitOfMonitored"),
      numeric: true,
      cell: (row) => {
        const text = `${number(row.enterprises_hit, language)}/${number(row.enterprises_monitored, language)} · ${percent(row.hit_rate, language, 1)}`;
        const to = `/enterprises?hit_since=${String(since)}&${where(row)}`;
        return (
          <>
            {row.enterprises_hit > 0 && may("enterprises.read") ? <Link to={to}>{text}</Link> : text}
            <Moved row={row} language={language} />
          </>
        );
      },
    },
    {
      key: "judged",
      title: t("judged"),
      numeric: true,
      cell: (row) =>
        count(row.judged_incidents, `view=all&${judged}&since=${String(since)}&${where(row)}`),
    },
    { key: "open", title: t("open"), numeric: true, cell: (row) => count(row.open_incidents, `view=open&${where(row)}`) },
    {
      key: "overdue",
      title: t("overdue"),
      numeric: true,
      cell: (row) => count(row.overdue_incidents, `view=open&overdue=true&${where(row)}`),
    },
  ];
}
