import type { Permission } from "../session";

export interface Place {
  path: string;
  /** Key of its text under `common:nav`. */
  key: string;
  needs: Permission;
}

/** The navigation, in the order of work. A role sees the places it may open; its first one is its home. */
export const places: readonly Place[] = [
  { path: "/incidents", key: "incidents", needs: "incidents.read" },
  { path: "/tuning", key: "tuning", needs: "incidents.write" },
  { path: "/rules", key: "rules", needs: "rules.read" },
  { path: "/search", key: "search", needs: "events.read" },
  { path: "/campaigns", key: "campaigns", needs: "campaigns.read" },
  { path: "/intel", key: "intel", needs: "intel.read" },
  { path: "/overview", key: "overview", needs: "overview.read" },
  { path: "/enterprises", key: "enterprises", needs: "enterprises.read" },
  { path: "/industries", key: "industries", needs: "risk.read" },
  { path: "/sources", key: "sources", needs: "sources.read" },
  { path: "/quality", key: "quality", needs: "quality.read" },
  { path: "/mappings", key: "mappings", needs: "mappings.read" },
  { path: "/quarantine", key: "quarantine", needs: "quarantine.read" },
  { path: "/audit", key: "audit", needs: "audit.read" },
];

/** Where somebody lands: officials on the overview, everybody else on the first place they may open. */
export function homeOf(role: string, may: (permission: Permission) => boolean): string {
  if (role === "official") return "/overview";
  if (role === "operator") return "/sources";
  return places.find((place) => may(place.needs))?.path ?? "/missing";
}
