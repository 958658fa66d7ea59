/** The words of the two grading schemes, as a list to choose from. */
import type { Language } from "../../i18n";

interface Option {
  value: string;
  label: string;
}

const CATEGORIES: readonly (readonly [string, string, string])[] = [
  ["malware", "恶意程序", "Malicious program"],
  ["attack", "网络攻击", "Network attack"],
  ["data", "数据安全", "Data security"],
  ["content", "信息内容安全", "Information content security"],
  ["facility", "设备设施故障", "Equipment or facility failure"],
  ["violation", "违规操作", "Operation against the rules"],
  ["hazard", "安全隐患", "Security hazard"],
  ["anomaly", "异常行为", "Abnormal behaviour"],
  ["force_majeure", "不可抗力", "Force majeure"],
  ["other", "其他", "Other"],
];

const LEVELS: readonly (readonly [string, string, string])[] = [
  ["especially_major", "特别重大", "Especially major"],
  ["major", "重大", "Major"],
  ["larger", "较大", "Larger"],
  ["general", "一般", "General"],
];

function options(rows: readonly (readonly [string, string, string])[], language: Language): Option[] {
  return rows.map(([value, zh, en]) => ({ value, label: language === "zh" ? zh : en }));
}

export const categories = (language: Language): Option[] => options(CATEGORIES, language);
export const levels = (language: Language): Option[] => options(LEVELS, language);
export const tracks = (t: (key: string) => string): Option[] =>
  ["cii", "state", "other"].map((value) => ({ value, label: t(`grade.tracks.${value}`) }));
