import { describe, expect, it } from "vitest";
import { rangeOf, withFixed, withPreset } from "./range";

describe("the time range", () => {
  it("moves with the clock unless it is fixed", () => {
    expect(rangeOf(new URLSearchParams(), 100_000)).toEqual({ start: 13_600, end: 100_000, preset: 86_400 });
    expect(rangeOf(new URLSearchParams("last=900"), 1000)).toEqual({ start: 100, end: 1000, preset: 900 });
    expect(rangeOf(new URLSearchParams("start=5&end=9"), 1000)).toEqual({ start: 5, end: 9, preset: null });
  });
  it("ignores what makes no sense", () => {
    expect(rangeOf(new URLSearchParams("start=9&end=5&last=x"), 86_400).preset).toBe(86_400);
  });
  it("is one or the other in the address", () => {
    const fixed = withFixed(new URLSearchParams("last=900&q=a"), 1, 2);
    expect(fixed.toString()).toBe("q=a&start=1&end=2");
    expect(withPreset(fixed, 900).toString()).toBe("q=a&last=900");
  });
});
