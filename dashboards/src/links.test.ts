import { describe, expect, it } from "vitest";
import { riskPartScreen, screenOf } from "./links";

describe("addresses of the API as screens", () => {
  it("keeps the filter", () => {
    expect(screenOf("/api/v1/incidents?view=open&region=330000")).toBe("/incidents?view=open&region=330000");
    expect(screenOf("/api/v1/events?q=a")).toBe("/search?q=a");
    expect(screenOf("/api/v1/regions/330100?hours=24")).toBe("/overview/330100?hours=24");
    expect(screenOf("/api/v1/risk/city/330100")).toBe("/risk/city/330100");
  });
  it("opens nothing where nothing may be opened", () => {
    expect(screenOf("")).toBe("");
    expect(screenOf("/elsewhere")).toBe("");
  });
  it("leads from a part of an index to what it is", () => {
    expect(riskPartScreen("incident", "i 1")).toBe("/incidents/i%201");
    expect(riskPartScreen("exposure", "x")).toBe("");
  });
});
