import { describe, expect, it } from "vitest";
import { areas } from "./areas";

function strings(tree: unknown, path: string): [string, string][] {
  if (typeof tree === "string") return [[path, tree]];
  return Object.entries(tree as Record<string, unknown>).flatMap(([key, inner]) => strings(inner, `${path}.${key}`));
}

const placeholders = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1] ?? "").sort();

describe("texts", () => {
  for (const [area, both] of Object.entries(areas)) {
    const zh = strings(both.zh, area);
    const en = new Map(strings(both.en, area));
    it(`${area}: what is filled in is written in double braces, alike in both languages`, () => {
      for (const [path, text] of zh) {
        const other = en.get(path) ?? "";
        expect(new Set(placeholders(other)), path).toEqual(new Set(placeholders(text)));
        if (!path.endsWith("template")) {
          for (const one of [text, other]) expect(one.replaceAll(/\{\{\w+\}\}/g, ""), path).not.toMatch(/\{\w+\}/);
        }
      }
    });
  }
});
