import { useTranslation } from "react-i18next";
import type { Language } from "./index";

/** `const { t, language } = useTexts("incidents")`: the texts of one area and the language in use. */
export function useTexts(area: string): { t: (key: string, values?: Record<string, unknown>) => string; language: Language } {
  const { t, i18n } = useTranslation(area);
  return {
    t: (key, values) => t(key, values ?? {}),
    language: i18n.language === "en" ? "en" : "zh",
  };
}
