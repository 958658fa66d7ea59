/** The rules that fired in the evidence of an incident, each with its fields and advice. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, take } from "../../api/client";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { RuleLine } from "./RuleMark";

export function IncidentRules({ id }: { id: string }): ReactNode {
  const { t, language } = useTexts("detection");
  const { may } = useSession();
  const found = useQuery({
    queryKey: ["incident", id, "rules"],
    queryFn: () => take(api.GET("/api/v1/incidents/{incident_id}/rules", { params: { path: { incident_id: id } } })),
    enabled: may("evidence.read"),
  });
  if (!found.data || found.data.items.length === 0) return null;
  return (
    <section className="incident-wide" data-testid="incident-rules">
      <h3>{t("mark.inIncident")}</h3>
      <ul className="rule-marks">
        {found.data.items.map((one) => (
          <li key={one.id}>
            <RuleLine
              said={{
                id: one.id,
                name: one.name,
                fired: one.fired.map((pair) => [pair.field, pair.value] as const),
                advice: pick(one, "advice", language),
                amount: t("mark.times", { count: one.alerts }),
              }}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}
