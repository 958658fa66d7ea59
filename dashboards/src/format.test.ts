import { describe, expect, it } from "vitest";
import { ago, number, percent, riskIndex, shortTime, span, time } from "./format";

describe("numbers", () => {
  it("groups and rounds", () => {
    expect(number(1234567, "zh")).toBe("1,234,567");
    expect(percent(0.256, "en")).toBe("26%");
    expect(riskIndex(45.67, "en")).toBe("45.7");
  });
});

describe("times", () => {
  it("are sortable text", () => {
    const at = new Date(2026, 2, 1, 8, 5, 9).getTime() / 1000;
    expect(time(at)).toBe("2026-03-01 08:05:09");
    expect(shortTime(at, at + 60)).toBe("08:05");
    expect(shortTime(at, at + 86400)).toBe("03-01 08:05");
  });
  it("have spans in the largest whole unit", () => {
    expect(span(7300, "zh")).toBe("2 小时");
    expect(span(59, "en")).toBe("59 s");
    expect(ago(0, "en", 86400 * 3)).toBe("3 d ago");
  });
});
