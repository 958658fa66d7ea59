/**
 * What is selected: some ids, or everything that a query finds except some. The same shape goes to the server, which
 * runs a bulk change on the query as it stood at `snapshot`; so "all" means all, not the rows that happen to be loaded.
 */
import type { Schemas } from "../../api/client";

export type Filter = Schemas["IncidentFilter"];

export type Selection =
  | { mode: "ids"; ids: readonly string[] }
  | { mode: "query"; filter: Filter; snapshot: number; exclude: readonly string[] };

export const nothing: Selection = { mode: "ids", ids: [] };

export function isSelected(selection: Selection, id: string): boolean {
  return selection.mode === "ids" ? selection.ids.includes(id) : !selection.exclude.includes(id);
}

export function toggle(selection: Selection, id: string): Selection {
  const flip = (ids: readonly string[]): string[] => (ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id]);
  return selection.mode === "ids"
    ? { mode: "ids", ids: flip(selection.ids) }
    : { ...selection, exclude: flip(selection.exclude) };
}

export function add(selection: Selection, ids: readonly string[]): Selection {
  if (selection.mode === "ids") return { mode: "ids", ids: [...new Set([...selection.ids, ...ids])] };
  return { ...selection, exclude: selection.exclude.filter((id) => !ids.includes(id)) };
}

export function everything(filter: Filter, snapshot: number): Selection {
  return { mode: "query", filter, snapshot, exclude: [] };
}

/** How many are selected; `total` is what the whole query finds. */
export function size(selection: Selection, total: number): number {
  return selection.mode === "ids" ? selection.ids.length : Math.max(0, total - selection.exclude.length);
}

/** The selection, or the one row under the cursor where nothing is selected. */
export function orCurrent(selection: Selection, total: number, current: string | undefined): Selection {
  if (size(selection, total) > 0) return selection;
  return current ? { mode: "ids", ids: [current] } : nothing;
}

type ById = Schemas["ById"];
type ByQuery = Schemas["ByQuery"];

/** As the bulk route takes it. Versions make a change of somebody else in between a conflict, not an overwrite. */
export function body(selection: Selection, versions: ReadonlyMap<string, number>): ById | ByQuery {
  if (selection.mode === "query") return { ...selection, exclude: [...selection.exclude] };
  const known = selection.ids.flatMap((id) => {
    const version = versions.get(id);
    return version === undefined ? [] : [[id, version] as const];
  });
  return { mode: "ids", ids: [...selection.ids], versions: Object.fromEntries(known) };
}
