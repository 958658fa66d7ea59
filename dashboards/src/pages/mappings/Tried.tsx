/** Records with what became of them: the event's fields, a header line, or the reason of their quarantine. */
import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { number } from "../../format";
import { useTexts } from "../../i18n/use";
import "./mappings.css";

/** Said by the platform of every event: nothing that a mapping or a parser decides. */
const OURS = new Set(["event.id", "event.created", "event.original", "ecs.version", "organization.id", "taishi.source_id", "event.module", "event.dataset"]);

function words(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : typeof value === "string" ? value : JSON.stringify(value);
}

function Fields({ event }: { event: Record<string, unknown> }): ReactNode {
  return (
    <dl className="tried-fields mono">
      {Object.entries(event)
        .filter(([name]) => !OURS.has(name))
        .sort(([one], [other]) => one.localeCompare(other))
        .map(([name, value]) => [<dt key={`${name}-t`}>{name}</dt>, <dd key={`${name}-d`}>{words(value)}</dd>])}
    </dl>
  );
}

export function Tried({ result, parsers = false }: { result: Pick<Schemas["TrialResult"], "records" | "parsed" | "quarantined">; parsers?: boolean }): ReactNode {
  const { t, language } = useTexts("mappings");
  return (
    <div data-testid="tried" data-parsed={result.parsed} data-quarantined={result.quarantined}>
      <p role="status" className="number">
        {t("counts", { parsed: number(result.parsed, language), quarantined: number(result.quarantined, language) })}
      </p>
      <ol className="tried">
        {result.records.map((record, index) => (
          <li key={index}>
            <pre className="mono tried-record" tabIndex={0}>{record.text}</pre>
            {record.reason && <p className="tried-reason">{t("quarantined", { reason: record.reason })}</p>}
            {!record.reason && record.events.length === 0 && <p className="quiet">{t("header")}</p>}
            {parsers && record.events.length > 0 && (
              <p data-testid="tried-parser">{record.parser === "generic" ? t("byGeneric") : t("by", { parser: record.parser })}</p>
            )}
            {record.events.map((event, at) => (
              <Fields key={at} event={event} />
            ))}
          </li>
        ))}
      </ol>
    </div>
  );
}
