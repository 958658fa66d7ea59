/** Tuning: what is hidden and until when, what is proposed, what is over, and what verdicts say of each rule. */
import { Segmented } from "antd";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import { useTexts } from "../../i18n/use";
import { Rules } from "./Rules";
import { Suppressions } from "./Suppressions";
import "./tuning.css";

const VIEWS = ["active", "proposed", "over", "rules"] as const;
type View = (typeof VIEWS)[number];

export default function Tuning(): ReactNode {
  const { t } = useTexts("feedback");
  const [params, setParams] = useSearchParams();
  const view = VIEWS.find((one) => one === params.get("view")) ?? "active";
  return (
    <div>
      <header className="page-head">
        <h1>{t("tuning.title")}</h1>
        <Segmented<View>
          aria-label={t("tuning.title")}
          value={view}
          options={VIEWS.map((value) => ({ value, label: t(`tuning.views.${value}`) }))}
          onChange={(value) => {
            setParams({ view: value });
          }}
        />
      </header>
      <p className="quiet">{t(`tuning.about.${view}`)}</p>
      <section className="card">{view === "rules" ? <Rules /> : <Suppressions view={view} />}</section>
    </div>
  );
}
