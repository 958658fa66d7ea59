/** Small marks that say one thing the same way on every screen. */
import type { ReactNode } from "react";
import type { Schemas } from "../api/client";
import { number, percent, riskIndex } from "../format";
import { useTexts } from "../i18n/use";
import "./marks.css";

export type SeverityLevel = Schemas["Incident"]["severity_level"];

/** Shapes differ as well as words, so that a column can be scanned without reading and without colour. */
const SHAPES: Record<SeverityLevel, string> = { critical: "▮▮▮▮", high: "▮▮▮▯", medium: "▮▮▯▯", low: "▮▯▯▯", info: "▯▯▯▯" };

export function Severity({ level }: { level: SeverityLevel }): ReactNode {
  const { t } = useTexts("common");
  return (
    <span className={`severity severity-${level}`}>
      <span aria-hidden="true" className="severity-shape">
        {SHAPES[level]}
      </span>
      {t(`severity.${level}`)}
    </span>
  );
}

export function Status({ status }: { status: Schemas["Incident"]["status"] }): ReactNode {
  const { t } = useTexts("common");
  return <span className={`status status-${status}`}>{t(`status.${status}`)}</span>;
}

export function Verdict({ verdict }: { verdict: Schemas["Incident"]["verdict"] }): ReactNode {
  const { t } = useTexts("common");
  return <span className={verdict ? "" : "quiet"}>{t(`verdict.${verdict || "none"}`)}</span>;
}

export function Bar({ share, label }: { share: number; label: string }): ReactNode {
  return (
    <span className="bar-mark" role="img" aria-label={label}>
      <span style={{ width: `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%` }} />
    </span>
  );
}

type Brief = Schemas["RiskBrief"];

/** The index with its interval as a line; "insufficient data" in words and hatching, never a low number. */
export function RiskMark({ risk }: { risk: Brief | null | undefined }): ReactNode {
  const { t, language } = useTexts("common");
  if (!risk) return <span className="quiet">{t("risk.none")}</span>;
  const spread = t("risk.interval", { low: number(risk.low, language), high: number(risk.high, language) });
  return (
    <span className="risk-mark" title={`${spread} · ${t("risk.coverage")} ${percent(risk.coverage, language)}`}>
      <span className={risk.insufficient ? "risk-track hatched" : "risk-track"} aria-hidden="true">
        <span className="risk-span" style={{ left: `${risk.low}%`, width: `${Math.max(1, risk.high - risk.low)}%` }} />
        <span className="risk-mid" style={{ left: `${risk.mid}%` }} />
      </span>
      <strong className="number">{riskIndex(risk.mid, language)}</strong>
      {risk.insufficient && <em>{t("risk.insufficient")}</em>}
    </span>
  );
}
