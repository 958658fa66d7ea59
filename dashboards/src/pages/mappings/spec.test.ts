import { describe, expect, it } from "vitest";
import { constantOf, emptySpec, readTable, tableText, withField, withTarget } from "./spec";

describe("a mapping while it is edited", () => {
  it("sets, changes and takes away a key's field", () => {
    let spec = withTarget(emptySpec("json"), "src", "source.ip");
    spec = withField(withTarget(spec, "lv", "event.severity"), "lv", { reading: "severity" });
    expect(spec.fields.map((one) => [one.key, one.to, one.reading])).toEqual([
      ["src", "source.ip", "auto"],
      ["lv", "event.severity", "severity"],
    ]);
    expect(withTarget(spec, "lv", "rule.name").fields[1]).toMatchObject({ to: "rule.name", reading: "severity" });
    expect(withTarget(spec, "src", "").fields.map((one) => one.key)).toEqual(["lv"]);
  });

  it("reads a value table from text and writes it again", () => {
    const table = readTable("拦截=failure，放行 = success, =x, broken");
    expect(table).toEqual({ 拦截: "failure", 放行: "success" });
    expect(readTable(tableText(table))).toEqual(table);
  });

  it("gives a constant the shape of its field", () => {
    expect(constantOf("a, b", "keyword", true)).toEqual(["a", "b"]);
    expect(constantOf("70", "long", false)).toBe(70);
    expect(constantOf("high", "long", false)).toBe("high");
    expect(constantOf("alert", "keyword", false)).toBe("alert");
  });
});
