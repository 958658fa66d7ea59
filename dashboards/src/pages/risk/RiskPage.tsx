import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Link, useParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { Band } from "../../charts/Trend";
import { Bar, RiskMark } from "../../components/marks";
import { Failure, Loading } from "../../components/States";
import { number, percent, time } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { riskPartScreen } from "../../links";
import "./risk.css";

type Part = Schemas["RiskPart"];
type Kind = Schemas["Risk"]["kind"];

const HISTORY_HOURS = 168;

function PartRow({ part, depth }: { part: Part; depth: number }): ReactNode {
  const { t, language } = useTexts("overview");
  const { t: common } = useTexts("common");
  const [open, setOpen] = useState(false);
  const to = riskPartScreen(part.kind, part.key);
  const name = nameOf(part, language) || part.key;
  const share = percent(part.share, language, 1);
  const kind = common(`riskKind.${part.kind}`);
  return (
    <>
      <tr>
        <td style={{ paddingLeft: 8 + depth * 20 }}>
          {part.parts.length > 0 ? (
            <button
              type="button"
              className="link-button risk-toggle"
              aria-expanded={open}
              aria-label={`${t(open ? "riskPage.collapse" : "riskPage.expand")} ${name}`}
              onClick={() => {
                setOpen(!open);
              }}
            >
              {open ? "▾" : "▸"}
            </button>
          ) : (
            <span className="risk-toggle" />
          )}
          <span className="quiet risk-kind">{kind.startsWith("riskKind") ? part.kind : kind}</span>
          {to ? <Link to={to}>{name}</Link> : name}
        </td>
        <td className="right number">{number(part.value, language, 1)}</td>
        <td className="right number">{number(part.weight, language, 2)}</td>
        <td className="risk-share">
          <Bar share={part.share} label={share} />
          <span className="number">{share}</span>
        </td>
        <td className="right number">{number(part.contribution, language, 2)}</td>
      </tr>
      {open && part.parts.map((below) => <PartRow key={`${below.kind}/${below.key}`} part={below} depth={depth + 1} />)}
    </>
  );
}

function Parts({ risk }: { risk: Schemas["Risk"] }): ReactNode {
  const { t, language } = useTexts("overview");
  const sum = risk.parts.reduce((total, part) => total + part.contribution, 0);
  return (
    <>
      <div className="table-scroll" tabIndex={0} role="region" aria-label={t("riskPage.parts")}>
        <table className="table" data-testid="risk-parts">
          <thead>
            <tr>
              <th scope="col">{t("riskPage.part")}</th>
              <th scope="col" className="right">
                {t("riskPage.value")}
              </th>
              <th scope="col" className="right">
                {t("riskPage.weight")}
              </th>
              <th scope="col">{t("riskPage.share")}</th>
              <th scope="col" className="right">
                {t("riskPage.contribution")}
              </th>
            </tr>
          </thead>
          <tbody>
            {risk.parts.map((part) => (
              <PartRow key={`${part.kind}/${part.key}`} part={part} depth={0} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="quiet" data-testid="risk-sum">
        {t("riskPage.sum", { sum: number(sum, language, 1), index: number(risk.mid, language, 1) })}. {t("riskPage.shares")}
      </p>
    </>
  );
}

export default function RiskPage(): ReactNode {
  const { kind = "", key = "" } = useParams();
  const { t, language } = useTexts("overview");
  const { t: common } = useTexts("common");
  const path = { kind: kind as Kind, key };
  const risk = useQuery({
    queryKey: ["risk", kind, key],
    queryFn: () => take(api.GET("/api/v1/risk/{kind}/{key}", { params: { path } })),
  });
  const history = useQuery({
    queryKey: ["risk-history", kind, key],
    queryFn: () => take(api.GET("/api/v1/risk/{kind}/{key}/history", { params: { path, query: { hours: HISTORY_HOURS } } })),
  });
  if (risk.isPending) return <Loading />;
  if (risk.isError) return <Failure error={risk.error} retry={() => void risk.refetch()} />;
  const { data } = risk;
  return (
    <div className="risk-page">
      <header className="page-head">
        <h1>
          {nameOf(data, language)} <small className="quiet">{common(`riskKind.${data.kind}`)}</small>
        </h1>
        <RiskMark risk={data} />
        <span className="quiet">
          {common("risk.interval", { low: number(data.low, language, 1), high: number(data.high, language, 1) })} ·{" "}
          {common("risk.coverage")} {percent(data.coverage, language)}
        </span>
        <span className="grow" />
        <span className="quiet">{common("asOf", { time: time(data.at) })}</span>
      </header>
      <p className="risk-words">{language === "zh" ? data.explanation_zh : data.explanation_en}</p>
      <section className="card">
        <h2>{t("riskPage.title")}</h2>
        <Parts risk={data} />
      </section>
      <section className="card">
        <h2>{t("riskPage.history")}</h2>
        {history.data && <Band label={t("riskPage.history")} points={history.data.points} height={200} />}
      </section>
    </div>
  );
}
