/** Threat intelligence: where it comes from, what it says, who met it, and what is never matched. */
import { Segmented } from "antd";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import { useTexts } from "../../i18n/use";
import { Feeds } from "./Feeds";
import { Indicators } from "./Indicators";
import "./intel.css";
import { Lists } from "./Lists";
import { Sightings } from "./Sightings";

const VIEWS = ["feeds", "indicators", "sightings", "lists"] as const;
type View = (typeof VIEWS)[number];

export default function Intel(): ReactNode {
  const { t } = useTexts("intel");
  const [params, setParams] = useSearchParams();
  const view = VIEWS.find((one) => one === params.get("view")) ?? "feeds";
  return (
    <div>
      <header className="page-head">
        <h1>{t("title")}</h1>
        <Segmented<View>
          aria-label={t("title")}
          value={view}
          options={VIEWS.map((value) => ({ value, label: t(`views.${value}`) }))}
          onChange={(value) => {
            setParams({ view: value });
          }}
        />
      </header>
      <p className="quiet">{t(`about.${view}`)}</p>
      <section className="card">
        {view === "feeds" && <Feeds />}
        {view === "indicators" && <Indicators />}
        {view === "sightings" && <Sightings />}
        {view === "lists" && <Lists />}
      </section>
    </div>
  );
}
