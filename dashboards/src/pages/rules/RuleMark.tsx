/** On an alert: the rule that made it, the fields that made it fire, and what to do. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { searchFor } from "../search/fields";
import { firedFields, marked } from "./fired";
import "./detection.css";

type Event = Record<string, unknown>;

function words(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export interface RuleSaid {
  id: string;
  name: string;
  fired: readonly (readonly [string, string])[];
  advice: string;
  /** Alerts of it, or events that it correlated, in words. */
  amount?: string;
}

export function RuleLine({ said }: { said: RuleSaid }): ReactNode {
  const { t } = useTexts("detection");
  const { may } = useSession();
  return (
    <div className="rule-said">
      <div>
        {may("rules.read") ? (
          <Link to={`/rules/${encodeURIComponent(said.id)}`} title={t("mark.open")} data-testid="rule-link">
            {said.name}
          </Link>
        ) : (
          <strong>{said.name}</strong>
        )}
        {said.amount && <span className="quiet"> · {said.amount}</span>}
      </div>
      {said.fired.length > 0 && (
        <div>
          <span className="quiet">{t("mark.fired")}</span>{" "}
          {said.fired.map(([field, value]) => (
            <span key={field} className="rule-fired mono" data-testid="rule-fired">
              {may("events.read") ? <Link to={searchFor(field, value)}>{field}</Link> : field} = {value}
            </span>
          ))}
        </div>
      )}
      {said.advice && (
        <div data-testid="rule-advice">
          <span className="quiet">{t("mark.advice")}</span> {said.advice}
        </div>
      )}
    </div>
  );
}

export function RuleMark({ event }: { event: Event }): ReactNode {
  const { t, language } = useTexts("detection");
  if (!words(event["taishi.detection.event"])) return null;
  const zh = words(event["taishi.detection.advice"]);
  const count = Number(event["taishi.detection.count"] ?? 0);
  const said: RuleSaid = {
    id: words(event["rule.id"]),
    name: words(event["rule.name"]) || words(event["rule.id"]),
    fired: firedFields(event),
    advice: language === "en" ? words(event["taishi.detection.advice_en"]) || zh : zh,
    ...(count > 0 ? { amount: t("mark.correlation", { count }) } : {}),
  };
  return (
    <div className="event-rule" data-testid="event-rule">
      <strong>{t("mark.title")}</strong>
      <RuleLine said={said} />
    </div>
  );
}

/** A record with the values that made the rule fire marked in it. */
export function Record({ text, event }: { text: string; event: Event }): ReactNode {
  const parts = marked(text, firedFields(event).map(([, value]) => value));
  return parts.map(([part, value], index) => (value ? <mark key={index}>{part}</mark> : <span key={index}>{part}</span>));
}
