/** A mapping while it is edited: small changes that give a new one. */
import type { Schemas } from "../../api/client";

export type Spec = Schemas["Mapping"];
export type FieldMap = Schemas["FieldMap"];
export type Form = Spec["form"];
export type Reading = FieldMap["reading"];

export const FORMS: readonly Form[] = ["json", "pairs", "csv", "xml"];
export const READINGS: readonly Reading[] = ["auto", "time", "severity", "outcome", "transport", "text", "lower", "list"];

export function emptySpec(form: Form): Spec {
  return {
    form, match: "", records: "", rest: "keep", data_kind: "security", fields: [], constants: {},
    csv: { delimiter: ",", quote: '"', columns: [] }, pairs: { between: "", assign: "=" },
  };
}

/** The key's field set; an empty name takes it away. */
export function withTarget(spec: Spec, key: string, to: string): Spec {
  const known = spec.fields.find((one) => one.key === key);
  const others = spec.fields.filter((one) => one.key !== key);
  if (!to) return { ...spec, fields: others };
  if (known) return { ...spec, fields: spec.fields.map((one) => (one.key === key ? { ...one, to } : one)) };
  return { ...spec, fields: [...others, { key, to, reading: "auto", only_table: false }] };
}

export function withField(spec: Spec, key: string, change: Partial<FieldMap>): Spec {
  return { ...spec, fields: spec.fields.map((one) => (one.key === key ? { ...one, ...change } : one)) };
}

/** `a=b, c=d` ⇄ a table; commas may be full-width. */
export function readTable(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of text.split(/[,，;；\n]/)) {
    const at = part.indexOf("=");
    const from = part.slice(0, Math.max(0, at)).trim();
    if (from) found[from] = part.slice(at + 1).trim();
  }
  return found;
}

export function tableText(table: Record<string, string> | undefined): string {
  return Object.entries(table ?? {}).map(([from, to]) => `${from}=${to}`).join(", ");
}

/** A constant as its field wants it: a list, a whole number, or the text. */
export function constantOf(text: string, type: string, array: boolean): string | number | string[] {
  if (array) return text.split(/[,，]/).map((part) => part.trim()).filter(Boolean);
  if (type === "long" && /^-?\d+$/.test(text.trim())) return Number(text);
  return text;
}
