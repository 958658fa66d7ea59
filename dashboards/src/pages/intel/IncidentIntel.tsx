/** Indicators in the evidence of an incident, each with its feed, confidence, TLP and validity. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, take } from "../../api/client";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { IndicatorLine } from "./parts";

export function IncidentIntel({ id }: { id: string }): ReactNode {
  const { t } = useTexts("intel");
  const { may } = useSession();
  const found = useQuery({
    queryKey: ["incident", id, "indicators"],
    queryFn: () => take(api.GET("/api/v1/incidents/{incident_id}/indicators", { params: { path: { incident_id: id } } })),
    enabled: may("evidence.read"),
  });
  if (!found.data || found.data.items.length === 0) return null;
  return (
    <section className="incident-wide" data-testid="incident-intel">
      <h3>{t("mark.inIncident")}</h3>
      <ul className="indicator-marks">
        {found.data.items.map((one) => (
          <li key={one.id}>
            <IndicatorLine
              open={may("intel.read")}
              said={{
                id: one.id,
                value: one.value,
                feed: one.feed_name,
                confidence: one.confidence,
                tlp: one.tlp,
                purpose: one.purpose,
                until: one.valid_until,
                state: one.state,
                retro: one.retro,
              }}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}
