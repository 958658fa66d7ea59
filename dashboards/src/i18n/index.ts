/** Texts: one file an area, each with both languages; a key missing in one of them is a compile error. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { areas } from "./areas";

export type Language = "zh" | "en";

const KEPT = "taishi.language";

export function keptLanguage(): Language {
  return localStorage.getItem(KEPT) === "en" ? "en" : "zh";
}

export function setLanguage(language: Language): void {
  localStorage.setItem(KEPT, language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  void i18next.changeLanguage(language);
}

const resources = {
  zh: Object.fromEntries(Object.entries(areas).map(([area, texts]) => [area, texts.zh])),
  en: Object.fromEntries(Object.entries(areas).map(([area, texts]) => [area, texts.en])),
};

export function startTexts(): void {
  void i18next.use(initReactI18next).init({
    resources,
    lng: keptLanguage(),
    fallbackLng: false,
    defaultNS: "common",
    interpolation: { escapeValue: false }, // React escapes
    returnNull: false,
  });
  document.documentElement.lang = keptLanguage() === "zh" ? "zh-CN" : "en";
}

/** The field of a bilingual API object in the language in use: `pick(row, "title", "zh")` reads `title_zh`. */
export function pick<K extends string>(
  row: Record<`${K}_zh` | `${K}_en`, string>,
  name: K,
  language: Language,
): string {
  return language === "zh" ? row[`${name}_zh`] : row[`${name}_en`] || row[`${name}_zh`];
}

/** A name that is Chinese in `name` and English, where known, in `name_en`. */
export function nameOf(row: { name: string; name_en: string }, language: Language): string {
  return language === "en" && row.name_en ? row.name_en : row.name;
}
