/** The fields that made an alert's rule fire, from the alert's own words. */

type Event = Record<string, unknown>;

function list(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" ? [value] : [];
}

/** Field and value, in the rule's order. Empty for what no rule of ours made. */
export function firedFields(event: Event): [string, string][] {
  const names = list(event["taishi.detection.fields"]);
  const values = list(event["taishi.detection.values"]);
  return names.map((name, index) => [name, values[index] ?? ""]);
}

export function firedNames(event: Event): ReadonlySet<string> {
  return new Set(list(event["taishi.detection.fields"]));
}

const LEAST = 3;

/** A text cut where one of the values stands, ignoring case; [part, whether it is a value]. The longest value wins. */
export function marked(text: string, values: readonly string[]): [string, boolean][] {
  const wanted = [...new Set(values.filter((value) => value.length >= LEAST))].sort((a, b) => b.length - a.length);
  if (wanted.length === 0) return [[text, false]];
  const pattern = new RegExp(`(${wanted.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "gi");
  return text
    .split(pattern)
    .map((part, index): [string, boolean] => [part, index % 2 === 1])
    .filter(([part]) => part !== "");
}
