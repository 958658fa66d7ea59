import { describe, expect, it } from "vitest";
import { add, body, everything, isSelected, nothing, orCurrent, size, toggle, type Filter } from "./selection";

const filter = { view: "queue" } as Filter;

describe("selection", () => {
  it("collects and drops ids", () => {
    const two = toggle(toggle(nothing, "a"), "b");
    expect(size(two, 9)).toBe(2);
    expect(isSelected(toggle(two, "a"), "a")).toBe(false);
    expect(size(add(two, ["b", "c"]), 9)).toBe(3);
  });
  it("of a query means the query, not the page, and honours what was taken out", () => {
    const all = toggle(everything(filter, 7), "x");
    expect(size(all, 5000)).toBe(4999);
    expect(isSelected(all, "never loaded")).toBe(true);
    expect(isSelected(all, "x")).toBe(false);
    expect(size(add(all, ["x"]), 5000)).toBe(5000);
    expect(body(all, new Map())).toEqual({ mode: "query", filter, snapshot: 7, exclude: ["x"] });
  });
  it("falls back to the row under the cursor", () => {
    expect(orCurrent(nothing, 3, "c")).toEqual({ mode: "ids", ids: ["c"] });
    expect(orCurrent(toggle(nothing, "a"), 3, "c")).toEqual({ mode: "ids", ids: ["a"] });
    expect(orCurrent(nothing, 3, undefined)).toEqual(nothing);
  });
  it("sends the versions it knows", () => {
    const sent = body({ mode: "ids", ids: ["a", "b"] }, new Map([["a", 3]]));
    expect(sent).toEqual({ mode: "ids", ids: ["a", "b"], versions: { a: 3 } });
  });
});
