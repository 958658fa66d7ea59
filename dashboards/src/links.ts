/** The API says what makes up a number as an address of its own; here is the screen that shows the same. */

const SCREENS: readonly (readonly [RegExp, (found: RegExpExecArray) => string])[] = [
  [/^\/api\/v1\/incidents\/([^/?]+)$/, (found) => `/incidents/${found[1] ?? ""}`],
  [/^\/api\/v1\/incidents(\?.*)?$/, (found) => `/incidents${found[1] ?? ""}`],
  [/^\/api\/v1\/campaigns\/([^/?]+)$/, (found) => `/campaigns/${found[1] ?? ""}`],
  [/^\/api\/v1\/campaigns(\?.*)?$/, (found) => `/campaigns${found[1] ?? ""}`],
  [/^\/api\/v1\/meta-alerts(\?.*)?$/, (found) => `/meta-alerts${found[1] ?? ""}`],
  [/^\/api\/v1\/events(\?.*)?$/, (found) => `/search${found[1] ?? ""}`],
  [/^\/api\/v1\/enterprises\/([^/?]+)$/, (found) => `/enterprises/${found[1] ?? ""}`],
  [/^\/api\/v1\/enterprises(\?.*)?$/, (found) => `/enterprises${found[1] ?? ""}`],
  [/^\/api\/v1\/sources(\?.*)?$/, (found) => `/sources${found[1] ?? ""}`],
  [/^\/api\/v1\/quarantine(\?.*)?$/, (found) => `/quarantine${found[1] ?? ""}`],
  [/^\/api\/v1\/regions\/(\d{6})(\?.*)?$/, (found) => `/overview/${found[1] ?? ""}${found[2] ?? ""}`],
  [/^\/api\/v1\/risk\/([^/?]+)\/([^/?]+)$/, (found) => `/risk/${found[1] ?? ""}/${found[2] ?? ""}`],
];

/** "" where the API names nothing that may be opened. */
export function screenOf(href: string): string {
  for (const [pattern, screen] of SCREENS) {
    const found = pattern.exec(href);
    if (found) return screen(found);
  }
  return "";
}

const REGION_KINDS = new Set(["province", "city", "county"]);

/** Where a part of a risk index leads; "" where it has no page. */
export function riskPartScreen(kind: string, key: string): string {
  if (kind === "incident") return `/incidents/${encodeURIComponent(key)}`;
  if (REGION_KINDS.has(kind) || kind === "enterprise" || kind === "park" || kind === "industry" || kind === "asset") {
    return `/risk/${kind}/${encodeURIComponent(key)}`;
  }
  return "";
}
