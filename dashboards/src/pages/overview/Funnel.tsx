import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "../../api/client";
import { number } from "../../format";
import { useTexts } from "../../i18n/use";
import { screenOf } from "../../links";

type Step = Schemas["FunnelStep"];

/** Width of a step on a logarithmic scale: a million and nine both stay visible. */
export function width(value: number, largest: number): number {
  if (value <= 0 || largest <= 0) return 0;
  return Math.max(2, (Math.log10(value + 1) / Math.log10(largest + 1)) * 100);
}

export function Funnel({ steps }: { steps: readonly Step[] }): ReactNode {
  const { language } = useTexts("overview");
  const largest = Math.max(...steps.map((step) => step.value), 1);
  return (
    <ol className="funnel" data-testid="funnel">
      {steps.map((step) => {
        const to = screenOf(step.href);
        const value = <strong className="number">{number(step.value, language)}</strong>;
        return (
          <li key={step.key}>
            <span>{language === "zh" ? step.label_zh : step.label_en}</span>
            <span className="funnel-track" aria-hidden="true">
              <span style={{ width: `${width(step.value, largest)}%` }} />
            </span>
            {to ? <Link to={to}>{value}</Link> : value}
          </li>
        );
      })}
    </ol>
  );
}
