import { describe, expect, it } from "vitest";
import { bindings, match, type Pressed } from "./keymap";

const key = (name: string, more: Partial<Pressed> = {}): Pressed => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...more,
});

describe("the keymap", () => {
  it("gives every key one meaning in a scope", () => {
    for (const scope of ["queue", "incident"] as const) {
      const here = bindings.filter((binding) => binding.scope === scope || binding.scope === "everywhere");
      expect(new Set(here.map((binding) => binding.keys)).size).toBe(here.length);
    }
  });
  it("finds single keys and leaves the browser's own alone", () => {
    expect(match(key("j"), ["queue"], "").action).toBe("next");
    expect(match(key("J"), ["queue"], "").action).toBe("extend-next");
    expect(match(key("j", { ctrlKey: true }), ["queue"], "").action).toBeNull();
    expect(match(key("j"), ["everywhere"], "").action).toBeNull();
  });
  it("finds sequences and forgets broken ones", () => {
    const first = match(key("g"), ["everywhere"], "");
    expect(first).toEqual({ action: null, pending: "g" });
    expect(match(key("o"), ["everywhere"], first.pending).action).toBe("go-overview");
    expect(match(key("q"), ["everywhere"], first.pending)).toEqual({ action: null, pending: "" });
  });
  it("says what each key does in both languages", () => {
    for (const binding of bindings) {
      expect(binding.zh).not.toBe("");
      expect(binding.en).not.toBe("");
    }
  });
});
