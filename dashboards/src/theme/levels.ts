/**
 * The four warning colours and the risk ramp. Red, orange, yellow and blue mean warning levels I to IV and nothing else;
 * each is always shown with its character and shape, because orange and yellow are alike to many eyes.
 */
export type Mode = "dark" | "light";
export type WarningLevel = "red" | "orange" | "yellow" | "blue";

interface LevelLook {
  shape: string;
  character: string;
  fill: Record<Mode, string>;
  ink: Record<Mode, string>;
}

export const levels: Record<WarningLevel, LevelLook> = {
  red: { shape: "◆", character: "红", fill: { dark: "#D7263D", light: "#B5122B" }, ink: { dark: "#ffffff", light: "#ffffff" } },
  orange: { shape: "▲", character: "橙", fill: { dark: "#FF8C2B", light: "#E87500" }, ink: { dark: "#000000", light: "#000000" } },
  yellow: { shape: "■", character: "黄", fill: { dark: "#FFE066", light: "#F5CB00" }, ink: { dark: "#000000", light: "#000000" } },
  blue: { shape: "●", character: "蓝", fill: { dark: "#3F8CFF", light: "#1F5FD0" }, ink: { dark: "#000000", light: "#ffffff" } },
};

/** Risk is one hue, teal: low end and high end of the ramp. */
export const riskRamp: Record<Mode, readonly [string, string]> = {
  dark: ["#20302f", "#a9dcd4"],
  light: ["#eef5f4", "#1f6b63"],
};
