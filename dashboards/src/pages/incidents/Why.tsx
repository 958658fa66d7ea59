import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { Bar } from "../../components/marks";
import { number, percent, time } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";

/** The score as the sum it is: each reason with its share. */
export function Reasons({ incident }: { incident: Schemas["IncidentDetail"] }): ReactNode {
  const { t, language } = useTexts("incidents");
  return (
    <>
      <p className="incident-score">
        <strong className="number">{t("score", { score: number(incident.score * 100, language) })}</strong>
        <span className="quiet">{t("scoreNote")}</span>
      </p>
      <ul className="reasons" data-testid="reasons">
        {incident.reasons.map((reason) => {
          const share = percent(reason.share, language);
          return (
            <li key={`${reason.code}-${reason.meta_id}-${reason.text_en}`}>
              <span className="number">{share}</span>
              <Bar share={reason.share} label={share} />
              <span>{pick(reason, "text", language)}</span>
            </li>
          );
        })}
      </ul>
    </>
  );
}

export function Stages({ stages }: { stages: readonly Schemas["Stage"][] }): ReactNode {
  const { t, language } = useTexts("incidents");
  return (
    <ol className="stages" data-testid="stages">
      {stages.map((stage) => (
        <li key={`${stage.order}-${stage.technique}-${stage.first_seen}`}>
          <span className="stage-tactic">{t(`stageName.${stage.order}`)}</span>
          <span>{pick(stage, "technique", language) || stage.technique}</span>
          <span className="quiet number">
            {stage.technique} · {time(stage.first_seen).slice(5, 16)}
          </span>
        </li>
      ))}
    </ol>
  );
}
