/** The queue's filter lives in the address, so that a view can be shared and survives a reload. */
import type { operations } from "../../api/schema";
import type { Filter } from "./selection";

type Query = NonNullable<operations["list_incidents"]["parameters"]["query"]>;

export const SINGLE = ["view", "q", "region", "enterprise_id", "park_id", "industry", "technique", "escalated", "overdue"] as const;
export const NUMBERS = ["severity_min", "severity_max", "since", "until"] as const;
export const LISTS = ["status", "verdict", "owner", "outcome"] as const;

/** The filter of an address; unknown names are left alone. */
export function filterOf(params: URLSearchParams): Filter {
  const found: Record<string, unknown> = {};
  for (const name of SINGLE) {
    const value = params.get(name);
    if (value !== null) found[name] = name === "overdue" ? value === "true" : value;
  }
  for (const name of NUMBERS) {
    const value = params.get(name);
    if (value !== null && Number.isFinite(Number(value))) found[name] = Number(value);
  }
  for (const name of LISTS) {
    const values = params.getAll(name);
    if (values.length > 0) found[name] = values;
  }
  return found as Filter;
}

export function queryOf(params: URLSearchParams): Query {
  const sort = params.get("sort");
  return { ...(filterOf(params) as Query), ...(sort ? { sort: sort as NonNullable<Query["sort"]> } : {}) };
}

/** The address after a click on a facet: a list value is added or taken out, any other replaces or clears. */
export function toggled(params: URLSearchParams, name: string, value: string): URLSearchParams {
  const next = new URLSearchParams(params);
  if ((LISTS as readonly string[]).includes(name)) {
    const values = next.getAll(name);
    next.delete(name);
    for (const one of values.includes(value) ? values.filter((known) => known !== value) : [...values, value]) {
      next.append(name, one);
    }
  } else if (next.get(name) === value) {
    next.delete(name);
  } else {
    next.set(name, value);
  }
  next.delete("at");
  return next;
}

export function isOn(params: URLSearchParams, name: string, value: string): boolean {
  return params.getAll(name).includes(value);
}
