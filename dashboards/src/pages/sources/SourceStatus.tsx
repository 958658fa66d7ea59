import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { useTexts } from "../../i18n/use";

type Source = Schemas["Source"];

const SHAPES: Record<Source["status"], string> = {
  ok: "●",
  silent: "○",
  drifting: "◔",
  unparsable: "◍",
  learning: "◌",
  disabled: "–",
};

export function SourceStatus({ source }: { source: Pick<Source, "status" | "status_zh" | "status_en"> }): ReactNode {
  const { language } = useTexts("operations");
  return (
    <span className={source.status === "ok" ? "source-status" : "source-status source-status-off"}>
      <span aria-hidden="true">{SHAPES[source.status]}</span> {language === "zh" ? source.status_zh : source.status_en}
    </span>
  );
}
