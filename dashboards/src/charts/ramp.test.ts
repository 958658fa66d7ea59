import { describe, expect, it } from "vitest";
import { riskRamp } from "../theme/levels";
import { contrast, inkOn, riskColour, scaleTop } from "./ramp";

describe("the risk ramp", () => {
  it("begins and ends where the theme says", () => {
    expect(riskColour(0, "dark")).toBe(riskRamp.dark[0]);
    expect(riskColour(100, "light")).toBe(riskRamp.light[1]);
    expect(riskColour(250, "light")).toBe(riskRamp.light[1]);
  });
  it("has a scale that ends just above the largest index", () => {
    expect(scaleTop([3, 32.1])).toBe(40);
    expect(scaleTop([])).toBe(20);
    expect(scaleTop([99])).toBe(100);
    expect(riskColour(40, "dark", 40)).toBe(riskRamp.dark[1]);
  });
  it("is never red, orange, yellow or blue", () => {
    for (const mode of ["dark", "light"] as const) {
      for (let index = 0; index <= 100; index += 10) {
        const value = Number.parseInt(riskColour(index, mode).slice(1), 16);
        const [r, g, b] = [(value >> 16) & 255, (value >> 8) & 255, value & 255];
        expect(g).toBeGreaterThanOrEqual(r);
        expect(g).toBeGreaterThanOrEqual(b);
      }
    }
  });
  it("keeps names readable on every step", () => {
    for (const mode of ["dark", "light"] as const) {
      for (let index = 0; index <= 100; index += 5) {
        const fill = riskColour(index, mode);
        expect(contrast(fill, inkOn(fill))).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
});
