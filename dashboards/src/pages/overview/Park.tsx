import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useParams } from "react-router";
import { api, take } from "../../api/client";
import { RiskMark } from "../../components/marks";
import { Failure, Loading } from "../../components/States";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { Enterprises } from "./Below";
import { Numbers } from "./Numbers";
import "./overview.css";

export default function Park(): ReactNode {
  const { id = "" } = useParams();
  const { t, language } = useTexts("overview");
  const park = useQuery({
    queryKey: ["park", id],
    queryFn: () => take(api.GET("/api/v1/parks/{park_id}", { params: { path: { park_id: id } } })),
  });
  if (park.isPending) return <Loading />;
  if (park.isError) return <Failure error={park.error} retry={() => void park.refetch()} />;
  const { data } = park;
  return (
    <div className="overview">
      <header className="page-head">
        <nav className="crumbs" aria-label={t("region")}>
          {data.path.map((step) => (
            <span key={step.code}>
              <Link to={`/overview/${step.code}`}>{nameOf(step, language)}</Link>
              <span aria-hidden="true"> / </span>
            </span>
          ))}
          <strong aria-current="page">{nameOf(data, language)}</strong>
        </nav>
        <Link to={`/risk/park/${data.id}`}>
          <RiskMark risk={data.risk} />
        </Link>
      </header>
      <Numbers figures={data.numbers} />
      <section className="card">
        <h2>{t("enterprises")}</h2>
        <Enterprises rows={data.enterprises} />
      </section>
    </div>
  );
}
