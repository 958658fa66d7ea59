/** What every screen about rules says the same way. */
import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { Severity, type SeverityLevel } from "../../components/marks";
import { number, percent } from "../../format";
import { useTexts } from "../../i18n/use";

export type Brief = Schemas["RuleBrief"];
export type Detail = Schemas["RuleDetail"];

export const STATES = ["draft", "test", "stable", "off"] as const;
export const LEVELS = ["critical", "high", "medium", "low", "informational"] as const;

export function ruleTitle(row: { title: string; title_zh: string }, language: "zh" | "en"): string {
  return language === "zh" ? row.title_zh || row.title : row.title;
}

export function logSource(row: { product: string; category: string; service: string }): string {
  return [row.product, row.category, row.service].filter(Boolean).join(" / ") || "–";
}

export function StateMark({ row }: { row: Pick<Brief, "state" | "throttled"> }): ReactNode {
  const { t } = useTexts("rulebook");
  const runs = row.state === "stable" && !row.throttled;
  return (
    <span className={runs ? "status" : "status quiet"} title={row.throttled ? t("throttled", { reason: row.throttled }) : t(`stateAbout.${row.state}`)}>
      {row.throttled ? "⏸ " : ""}
      {t(`states.${row.state}`)}
    </span>
  );
}

export function LevelMark({ level }: { level: string }): ReactNode {
  const known = LEVELS.find((one) => one === level) ?? "medium";
  const shown: SeverityLevel = known === "informational" ? "info" : known;
  return <Severity level={shown} />;
}

export function FalseRate({ row }: { row: Brief }): ReactNode {
  const { language } = useTexts("rulebook");
  return row.verdicts.false_rate === null ? "–" : percent(row.verdicts.false_rate, language);
}

export function Cost({ value }: { value: number | null }): ReactNode {
  const { t, language } = useTexts("rulebook");
  return value === null ? "–" : t("ns", { value: number(value, language) });
}

const KEY = /^(\s*(?:- )?)([\w.|:'"-]+)(:(?:\s.*)?)$/;

/** YAML with its keys and comments told apart. */
export function RuleSource({ body }: { body: string }): ReactNode {
  const { t } = useTexts("rulebook");
  return (
    <pre className="rule-source mono" tabIndex={0} role="region" aria-label={t("text")} data-testid="rule-text">
      {body.split("\n").map((line, index) => {
        const found = KEY.exec(line);
        if (line.trimStart().startsWith("#")) return <span key={index} className="quiet">{`${line}\n`}</span>;
        if (!found) return <span key={index}>{`${line}\n`}</span>;
        return (
          <span key={index}>
            {found[1]}
            <b>{found[2]}</b>
            {`${found[3] ?? ""}\n`}
          </span>
        );
      })}
    </pre>
  );
}
