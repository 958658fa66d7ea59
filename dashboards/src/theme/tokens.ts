import { theme as antd, type ThemeConfig } from "antd";
import type { Mode } from "./levels";

export const FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",system-ui,sans-serif';

/** Colours that are not antd's: surfaces, text and the quiet scale of alert severity (violet to grey, never a warning colour). */
export const palette = {
  dark: {
    page: "#0b1216",
    surface: "#111b20",
    raised: "#18252b",
    line: "#2a3a41",
    ink: "#e4eef0",
    quiet: "#9fb3ba",
    accent: "#4cc3b2",
    severity: { critical: "#f0b6ff", high: "#cfa4f0", medium: "#a9a6d8", low: "#93a9b3", info: "#7d9099" },
  },
  light: {
    page: "#f3f6f7",
    surface: "#ffffff",
    raised: "#f8fafb",
    line: "#d5dee2",
    ink: "#14232a",
    quiet: "#4d6069",
    accent: "#0f766b",
    severity: { critical: "#6b1580", high: "#6d3b99", medium: "#4f4f8f", low: "#48606c", info: "#586a73" },
  },
} as const;

export function antdTheme(mode: Mode): ThemeConfig {
  const colours = palette[mode];
  return {
    algorithm: mode === "dark" ? [antd.darkAlgorithm, antd.compactAlgorithm] : [antd.defaultAlgorithm, antd.compactAlgorithm],
    token: {
      colorPrimary: colours.accent,
      colorInfo: colours.accent,
      colorLink: colours.accent,
      colorBgBase: colours.surface,
      colorBgLayout: colours.page,
      colorTextBase: colours.ink,
      colorTextDescription: colours.quiet,
      colorTextSecondary: colours.quiet,
      colorTextPlaceholder: colours.quiet,
      // Text on the accent: white is too pale on the light teal of the dark theme.
      colorTextLightSolid: mode === "dark" ? "#05201c" : "#ffffff",
      colorBorder: colours.line,
      colorBorderSecondary: colours.line,
      fontFamily: FONT,
      fontSize: 14,
      borderRadius: 4,
      motion: false,
    },
  };
}

/** The same colours as CSS variables, for our own style sheets. */
export function cssVariables(mode: Mode): Record<string, string> {
  const { severity, ...plain } = palette[mode];
  const named = Object.entries(plain).map(([name, value]) => [`--${name}`, value]);
  const scale = Object.entries(severity).map(([name, value]) => [`--severity-${name}`, value]);
  return Object.fromEntries([...named, ...scale]) as Record<string, string>;
}
