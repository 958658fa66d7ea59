import { describe, expect, it } from "vitest";
import { difference } from "./balance";

describe("the balance", () => {
  it("is what the parts leave of what came in", () => {
    const even = { received: 10, stored: 5, merged: 2, suppressed: 1, quarantined: 1, rejected: 1 };
    expect(difference(even)).toBe(0);
    expect(difference({ ...even, stored: 4 })).toBe(1);
  });
});
