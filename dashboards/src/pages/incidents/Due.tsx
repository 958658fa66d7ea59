import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { span } from "../../format";
import { useTexts } from "../../i18n/use";
import { running } from "./clock";

/** The clock that runs, in words and a shape: colour alone would say nothing to many. */
export function Due({ deadlines, now }: { deadlines: Schemas["Deadlines"]; now: number }): ReactNode {
  const { t, language } = useTexts("incidents");
  const clock = running(deadlines, now);
  if (!clock) return <span className="quiet">{t("clock.done")}</span>;
  const over = clock.left < 0;
  const text = t(over ? "clock.over" : "clock.left", {
    which: t(`clock.${clock.which}`),
    time: span(clock.left, language),
  });
  return (
    <span className={over ? "due due-over" : "due"}>
      <span aria-hidden="true">{over ? "⚑" : "◷"}</span> {text}
    </span>
  );
}
