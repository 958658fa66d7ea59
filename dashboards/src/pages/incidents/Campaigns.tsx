/** The campaigns that an incident belongs to, and by which indicators. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "../../api/client";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { Ties } from "../campaigns/Tables";

export function IncidentCampaigns({ rows }: { rows: readonly Schemas["IncidentCampaign"][] }): ReactNode {
  const { t, language } = useTexts("campaigns");
  return (
    <section className="incident-wide" data-testid="incident-campaigns">
      <h3>{t("inIncident.title")}</h3>
      {rows.length === 0 ? (
        <p className="quiet">{t("inIncident.none")}</p>
      ) : (
        <ul className="related">
          {rows.map((row) => (
            <li key={row.id}>
              <Link to={`/campaigns/${row.id}`}>{pick(row, "title", language)}</Link> <span className="status">{t(`status.${row.status}`)}</span>{" "}
              <span className="quiet">{t("inIncident.enterprises", { count: row.enterprise_count })}</span>
              <br />
              <Ties reasons={row.reasons} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
