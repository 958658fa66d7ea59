/** Addresses of the screens. Each page is loaded when it is first opened. */
import { lazy, Suspense, type ComponentType, type ReactNode } from "react";
import { createBrowserRouter, type RouteObject } from "react-router";
import { Loading } from "./components/States";
import { Home } from "./layout/Home";
import { Shell } from "./layout/Shell";
import { Missing } from "./pages/Missing";

type Page = () => Promise<{ default: ComponentType }>;

function page(load: Page): ReactNode {
  const Loaded = lazy(load);
  return (
    <Suspense fallback={<Loading />}>
      <Loaded />
    </Suspense>
  );
}

const inShell: RouteObject[] = [
  { index: true, element: <Home /> },
  { path: "incidents", element: page(() => import("./pages/incidents/Queue")) },
  { path: "incidents/:id", element: page(() => import("./pages/incidents/IncidentPage")) },
  { path: "tuning", element: page(() => import("./pages/tuning/Tuning")) },
  { path: "rules", element: page(() => import("./pages/rules/RuleList")) },
  { path: "rules/new", element: page(() => import("./pages/rules/RuleEditor")) },
  { path: "rules/:id", element: page(() => import("./pages/rules/RuleDetail")) },
  { path: "search", element: page(() => import("./pages/search/Search")) },
  { path: "meta-alerts", element: page(() => import("./pages/search/MetaAlerts")) },
  { path: "campaigns", element: page(() => import("./pages/campaigns/Campaigns")) },
  { path: "campaigns/:id", element: page(() => import("./pages/campaigns/CampaignPage")) },
  { path: "bursts", element: page(() => import("./pages/bursts/Bursts")) },
  { path: "bursts/:id", element: page(() => import("./pages/bursts/BurstPage")) },
  { path: "intel", element: page(() => import("./pages/intel/Intel")) },
  { path: "intel/:id", element: page(() => import("./pages/intel/IndicatorPage")) },
  { path: "overview", element: page(() => import("./pages/overview/Overview")) },
  { path: "overview/:code", element: page(() => import("./pages/overview/Overview")) },
  { path: "parks/:id", element: page(() => import("./pages/overview/Park")) },
  { path: "risk/:kind/:key", element: page(() => import("./pages/risk/RiskPage")) },
  { path: "enterprises", element: page(() => import("./pages/enterprises/Enterprises")) },
  { path: "enterprises/:id", element: page(() => import("./pages/enterprises/EnterprisePage")) },
  { path: "industries", element: page(() => import("./pages/enterprises/Industries")) },
  { path: "sources", element: page(() => import("./pages/sources/Sources")) },
  { path: "sources/new", element: page(() => import("./pages/sources/NewSource")) },
  { path: "sources/import", element: page(() => import("./pages/sources/Import")) },
  { path: "sources/:id/connect", element: page(() => import("./pages/sources/Connect")) },
  { path: "sources/:id", element: page(() => import("./pages/sources/SourcePage")) },
  { path: "quality", element: page(() => import("./pages/sources/Quality")) },
  { path: "mappings", element: page(() => import("./pages/mappings/Mappings")) },
  { path: "mappings/new", element: page(() => import("./pages/mappings/MappingEditor")) },
  { path: "mappings/:id", element: page(() => import("./pages/mappings/MappingPage")) },
  { path: "quarantine", element: page(() => import("./pages/sources/Quarantine")) },
  { path: "audit", element: page(() => import("./pages/audit/Audit")) },
  { path: "*", element: <Missing /> },
];

export const router = createBrowserRouter([
  { path: "/screen", element: page(() => import("./pages/screen/Screen")) },
  { path: "/", element: <Shell />, children: inShell },
]);
