import { describe, expect, it } from "vitest";
import { running } from "./clock";

const clock = (due: number, done: number | null) => ({ due, done_at: done, breached: false });

describe("the running clock", () => {
  it("is the first that is not done", () => {
    expect(running({ acknowledge: clock(100, null), resolve: clock(500, null) }, 40)).toEqual({ which: "acknowledge", left: 60 });
    expect(running({ acknowledge: clock(100, 50), resolve: clock(500, null) }, 600)).toEqual({ which: "resolve", left: -100 });
    expect(running({ acknowledge: clock(100, 50), resolve: clock(500, 400) }, 600)).toBeNull();
  });
});
