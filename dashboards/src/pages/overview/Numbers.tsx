import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "../../api/client";
import { number, percent, span } from "../../format";
import type { Language } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { screenOf } from "../../links";

type Figure = Schemas["Number"];

function written(figure: Figure, value: number, language: Language): string {
  if (figure.unit === "percent") return percent(value / 100, language, 1);
  if (figure.unit === "seconds") return span(value, language);
  return number(value, language, figure.unit === "index" ? 1 : 0);
}

export function Change({ figure }: { figure: Figure }): ReactNode {
  const { t, language } = useTexts("overview");
  if (figure.previous === null) return null;
  const difference = figure.value - figure.previous;
  const value = written(figure, Math.abs(difference), language);
  const word = difference > 0 ? "up" : difference < 0 ? "down" : "same";
  const arrow = { up: "▲", down: "▼", same: "＝" }[word];
  return (
    <span className="figure-change">
      <span aria-hidden="true">{arrow}</span> {t(`change.${word}`, { value })}
    </span>
  );
}

/** Figures in a line; each opens the list it counts. */
export function Numbers({ figures }: { figures: readonly Figure[] }): ReactNode {
  const { language } = useTexts("overview");
  return (
    <ul className="figures" data-testid="figures">
      {figures.map((figure) => {
        const to = screenOf(figure.href);
        const value = <strong className="number">{written(figure, figure.value, language)}</strong>;
        return (
          <li key={figure.key}>
            <span className="quiet">{language === "zh" ? figure.label_zh : figure.label_en}</span>
            {to ? <Link to={to}>{value}</Link> : value}
            <Change figure={figure} />
          </li>
        );
      })}
    </ul>
  );
}
