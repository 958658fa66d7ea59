/** The time range of a search: a length that ends now, or two fixed moments. Kept in the address. */

export interface Range {
  start: number;
  end: number;
  /** Length in seconds of a moving range; null for a fixed one. */
  preset: number | null;
}

export const PRESETS = [900, 3600, 86_400, 604_800, 2_592_000] as const;
const DEFAULT = 86_400;

export function rangeOf(params: URLSearchParams, now: number): Range {
  const [start, end] = [Number(params.get("start")), Number(params.get("end"))];
  if (params.has("start") && params.has("end") && start < end) return { start, end, preset: null };
  const length = Number(params.get("last") ?? DEFAULT);
  const preset = Number.isFinite(length) && length > 0 ? length : DEFAULT;
  return { start: now - preset, end: now, preset };
}

export function withPreset(params: URLSearchParams, seconds: number): URLSearchParams {
  const next = new URLSearchParams(params);
  next.delete("start");
  next.delete("end");
  next.set("last", String(seconds));
  return next;
}

export function withFixed(params: URLSearchParams, start: number, end: number): URLSearchParams {
  const next = new URLSearchParams(params);
  next.delete("last");
  next.set("start", String(start));
  next.set("end", String(end));
  return next;
}
