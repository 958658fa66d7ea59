import { Button } from "antd";
import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { number } from "../../format";
import { useTexts } from "../../i18n/use";
import { isOn, toggled } from "./filter";

type All = Schemas["IncidentFacets"];
type Facet = Schemas["Facet"];

/** Which facet sets which name of the filter, in the order of use. */
const GROUPS: readonly (readonly [keyof Omit<All, "total">, string])[] = [
  ["severity", "severity_min"],
  ["status", "status"],
  ["owner", "owner"],
  ["outcome", "outcome"],
  ["region", "region"],
  ["technique", "technique"],
  ["enterprise", "enterprise_id"],
  ["verdict", "verdict"],
];
const LEVELS: Record<string, readonly [number, number]> = {
  critical: [80, 100],
  high: [60, 79],
  medium: [40, 59],
  low: [20, 39],
  info: [0, 19],
};
const SHOWN = 6;

interface Props {
  facets: All | undefined;
  params: URLSearchParams;
  onChange: (next: URLSearchParams) => void;
}

function severityOn(params: URLSearchParams, value: string): boolean {
  const [low, high] = LEVELS[value] ?? [-1, -1];
  return params.get("severity_min") === String(low) && params.get("severity_max") === String(high);
}

function withSeverity(params: URLSearchParams, value: string): URLSearchParams {
  const next = new URLSearchParams(params);
  const on = severityOn(params, value);
  const [low, high] = LEVELS[value] ?? [0, 100];
  for (const [name, bound] of [["severity_min", low], ["severity_max", high]] as const) {
    if (on) next.delete(name);
    else next.set(name, String(bound));
  }
  return next;
}

export function Facets({ facets, params, onChange }: Props): ReactNode {
  const { t, language } = useTexts("incidents");
  const { t: common } = useTexts("common");
  if (!facets) return null;
  /** Our own words for values that are not names. */
  const words = (group: string, value: string): string | undefined => {
    if (group === "severity" || group === "status" || group === "outcome") return common(`${group}.${value}`);
    if (group === "verdict") return common(`verdict.${value || "none"}`);
    return group === "owner" && value === "none" ? t("nobody") : undefined;
  };
  const filtered = [...params.keys()].some((name) => name !== "view" && name !== "sort");
  const one = (group: string, name: string, facet: Facet): ReactNode => {
    const bySeverity = group === "severity";
    const on = bySeverity ? severityOn(params, facet.value) : isOn(params, name, facet.value);
    const label = words(group, facet.value) ?? (language === "zh" ? facet.label_zh : facet.label_en);
    return (
      <li key={facet.value}>
        <button
          type="button"
          className={on ? "facet on" : "facet"}
          aria-pressed={on}
          onClick={() => {
            onChange(bySeverity ? withSeverity(params, facet.value) : toggled(params, name, facet.value));
          }}
        >
          <span className="ellipsis">{label || facet.value || "–"}</span>
          <span className="number quiet">{number(facet.count, language)}</span>
        </button>
      </li>
    );
  };
  return (
    <>
      {filtered && (
        <Button
          size="small"
          block
          onClick={() => {
            const view = params.get("view");
            onChange(new URLSearchParams(view ? { view } : {}));
          }}
        >
          {t("clearFilter")}
        </Button>
      )}
      {GROUPS.map(([group, name]) => {
        const shown = facets[group].filter((facet) => facet.count > 0 || isOn(params, name, facet.value)).slice(0, SHOWN);
        if (shown.length === 0) return null;
        return (
          <section key={group}>
            <h3>{t(`facets.${group}`)}</h3>
            <ul>{shown.map((facet) => one(group, name, facet))}</ul>
          </section>
        );
      })}
    </>
  );
}
