/** What threat intelligence says of an event, from the event's own fields. */
import type { ReactNode } from "react";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { IndicatorLine } from "./parts";

type Event = Record<string, unknown>;

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function words(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function EventMark({ event }: { event: Event }): ReactNode {
  const { t } = useTexts("intel");
  const { may } = useSession();
  const ids = list(event["taishi.intel.id"]);
  if (ids.length === 0) return null;
  const values = list(event["threat.enrichments.matched.atomic"]);
  const fields = list(event["threat.enrichments.matched.field"]);
  const until = Date.parse(words(event["taishi.intel.valid_until"]));
  return (
    <div className="event-intel" data-testid="event-intel">
      <strong>{t("mark.title")}</strong>
      <ul className="indicator-marks">
        {ids.map((id, index) => (
          <li key={id}>
            <span className="quiet">
              {t("mark.field")} <span className="mono">{fields[index] ?? ""}</span>
            </span>{" "}
            <IndicatorLine
              open={may("intel.read")}
              said={{
                id,
                value: values[index] ?? id,
                feed: index === 0 ? words(event["threat.feed.name"]) : "",
                confidence: Number(event["taishi.intel.confidence"] ?? 0),
                tlp: words(event["threat.indicator.marking.tlp"]),
                purpose: words(event["taishi.intel.purpose"]),
                until: Number.isNaN(until) ? null : until / 1000,
                retro: event["taishi.intel.retro"] === true,
              }}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}
