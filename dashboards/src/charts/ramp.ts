/** Colours of risk: one hue from calm to strong. Pure, so that legends, maps and tests agree. */
import { riskRamp, type Mode } from "../theme/levels";

type Rgb = readonly [number, number, number];

function parse(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function hex(rgb: Rgb): string {
  return `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** The upper end of a map's scale: the next step of twenty above its largest index, so that differences are seen. */
export function scaleTop(indexes: readonly number[]): number {
  return Math.min(100, Math.max(20, Math.ceil(Math.max(0, ...indexes) / 20) * 20));
}

/** The colour of an index on a scale of 0 to `top`. */
export function riskColour(index: number, mode: Mode, top = 100): string {
  const share = Math.min(1, Math.max(0, index / top));
  const [low, high] = riskRamp[mode].map(parse) as [Rgb, Rgb];
  return hex([0, 1, 2].map((i) => (low[i] ?? 0) + ((high[i] ?? 0) - (low[i] ?? 0)) * share) as unknown as Rgb);
}

function channel(value: number): number {
  const part = value / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

/** WCAG contrast ratio of two colours, 1 to 21. */
export function contrast(one: string, other: string): number {
  const light = [one, other].map((colour) => {
    const [r, g, b] = parse(colour);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  });
  const [a, b] = [Math.max(...light), Math.min(...light)];
  return (a + 0.05) / (b + 0.05);
}

/** Black or white, whichever is read better on the fill. */
export function inkOn(fill: string): string {
  return contrast(fill, "#ffffff") >= contrast(fill, "#000000") ? "#ffffff" : "#000000";
}
