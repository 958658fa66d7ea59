/** How numbers and times are written. Times of the API are seconds since 1970 (UTC) and shown in the reader's zone. */
import type { Language } from "./i18n";

const locale = (language: Language): string => (language === "zh" ? "zh-CN" : "en-GB");

export function number(value: number, language: Language, digits = 0): string {
  return value.toLocaleString(locale(language), { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

export function percent(value: number, language: Language, digits = 0): string {
  return value.toLocaleString(locale(language), { style: "percent", maximumFractionDigits: digits });
}

/** A risk index, 0 to 100, with one digit. */
export function riskIndex(value: number, language: Language): string {
  return number(value, language, 1);
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `2026-03-01 08:05:09`, sortable and the same in both languages. */
export function time(seconds: number): string {
  const at = new Date(seconds * 1000);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `08:05` of today, `03-01 08:05` of another day. */
export function shortTime(seconds: number, now = Date.now() / 1000): string {
  const text = time(seconds);
  return text.slice(0, 10) === time(now).slice(0, 10) ? text.slice(11, 16) : text.slice(5, 16);
}

const SPANS: readonly (readonly [number, string, string])[] = [
  [86400, "天", "d"],
  [3600, "小时", "h"],
  [60, "分钟", "min"],
  [1, "秒", "s"],
];

/** A length of time in its largest whole unit: `3 小时`, `3 h`. */
export function span(seconds: number, language: Language): string {
  const length = Math.abs(seconds);
  for (const [size, zh, en] of SPANS) {
    if (length >= size) return `${Math.floor(length / size)} ${language === "zh" ? zh : en}`;
  }
  return language === "zh" ? "0 秒" : "0 s";
}

export function ago(seconds: number, language: Language, now = Date.now() / 1000): string {
  const text = span(now - seconds, language);
  return language === "zh" ? `${text}前` : `${text} ago`;
}
