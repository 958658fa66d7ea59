/** Fields of an event: which to show first, and how a value becomes a query. */

type Event = Record<string, unknown>;

const FIRST: readonly string[] = [
  "@timestamp",
  "rule.name",
  "event.severity",
  "event.action",
  "event.outcome",
  "source.ip",
  "source.port",
  "destination.ip",
  "destination.port",
  "host.name",
  "user.name",
  "process.name",
  "process.command_line",
  "file.path",
  "url.original",
  "dns.question.name",
  "network.protocol",
  "taishi.asset.name",
  "taishi.attacker.ip",
  "taishi.victim.ip",
  "taishi.outcome",
  "threat.technique.id",
  "observer.vendor",
  "observer.product",
  "taishi.ics.protocol",
  "taishi.ics.function",
  "message",
];

/** The fields that say most, in a fixed order, those the event has. */
export function keyFields(event: Event): [string, unknown][] {
  return FIRST.filter((name) => event[name] !== undefined && event[name] !== "").map((name) => [name, event[name]]);
}

/** All fields in alphabetical order, without the original line. */
export function allFields(event: Event): [string, unknown][] {
  return Object.entries(event)
    .filter(([name]) => name !== "event.original")
    .sort(([a], [b]) => a.localeCompare(b));
}

/** A value as a phrase of the query language: quoted, with quotes and backslashes escaped. */
export function phrase(value: unknown): string {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof one === "number" || typeof one === "boolean") return String(one);
  const text = typeof one === "string" ? one : JSON.stringify(one);
  return `"${text.replace(/[\\"]/g, (sign) => `\\${sign}`)}"`;
}

export function clause(field: string, value: unknown): string {
  return `${field}:${phrase(value)}`;
}

/** A query with one more condition, or one more exclusion. */
export function narrowed(query: string, field: string, value: unknown, exclude = false): string {
  const added = `${exclude ? "NOT " : ""}${clause(field, value)}`;
  const whole = query.trim();
  if (!whole) return added;
  const inner = /\bOR\b/.test(whole) ? `(${whole})` : whole;
  return `${inner} AND ${added}`;
}

export function searchFor(field: string, value: unknown): string {
  return `/search?${new URLSearchParams({ q: clause(field, value) }).toString()}`;
}

const ENTITY_FIELDS: Record<string, string> = {
  ip: "related.ip",
  user: "related.user",
  hash: "related.hash",
  host: "related.hosts",
  domain: "dns.question.name",
  process: "process.name",
};

/** Where an entity of an incident is looked for; free text where no field is sure. */
export function searchForEntity(kind: string, value: string): string {
  const field = ENTITY_FIELDS[kind];
  const query = field && kind !== "host" ? clause(field, value) : phrase(value);
  return `/search?${new URLSearchParams({ q: query }).toString()}`;
}
