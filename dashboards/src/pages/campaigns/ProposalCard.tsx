/** A proposed warning: colour, criteria with their numbers, scope and advice, and the decision. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { Level } from "../../components/Level";
import { number, time } from "../../format";
import { nameOf, pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { Decide } from "./Decide";

type Proposal = Schemas["WarningProposal"];

function Body({ proposal }: { proposal: Proposal }): ReactNode {
  const { t, language } = useTexts("campaigns");
  return (
    <>
      <h3>{t("warning.criteria")}</h3>
      <ul className="campaign-list plain" data-testid="criteria">
        {proposal.criteria.map((criterion) => (
          <li key={criterion.key}>
            <Level colour={criterion.colour} /> {pick(criterion, "text", language)}{" "}
            <span className="quiet">
              {criterion.facts
                .map((fact) => `${t(`warning.fact.${fact.name}`)} ${number(fact.value, language)} ≥ ${number(fact.at_least, language)}`)
                .join(" · ")}
            </span>
          </li>
        ))}
      </ul>
      <h3>{t("warning.scope")}</h3>
      <p>
        {proposal.regions.map((region) => (
          <span key={region.code}>
            <Link to={`/overview/${region.code}`}>{nameOf(region, language)}</Link>{" "}
          </span>
        ))}
        {proposal.regions_elsewhere > 0 && <span className="quiet">{t("warning.more", { count: proposal.regions_elsewhere })}</span>}
        <br />
        <span className="quiet">{t("warning.industries")}</span> {proposal.industries.map((industry) => nameOf(industry, language)).join(language === "zh" ? "、" : ", ")}
      </p>
      <h3>{t("warning.advice")}</h3>
      <ul className="campaign-list">
        {proposal.advice.map((advice) => (
          <li key={advice.key}>{advice[language]}</li>
        ))}
      </ul>
    </>
  );
}

export function ProposalCard({ id, decidable }: { id: string; decidable: boolean }): ReactNode {
  const { t } = useTexts("campaigns");
  const { may } = useSession();
  const query = useQuery({
    queryKey: ["proposal", id],
    queryFn: () => take(api.GET("/api/v1/warnings/proposals/{proposal_id}", { params: { path: { proposal_id: id } } })),
    enabled: may("warnings.read"),
  });
  const proposal = query.data;
  if (!proposal) return null;
  const decide = async (status: string, reason: string): Promise<void> => {
    await take(
      api.POST("/api/v1/warnings/proposals/{proposal_id}/decision", {
        params: { path: { proposal_id: id }, header: { "If-Match": `"${proposal.version}"` } },
        body: { status: status as "accepted", reason },
      }),
    );
    await query.refetch();
  };
  return (
    <section className="card proposal" data-testid="proposal">
      <header className="page-head">
        <h2>{t("warning.title")}</h2>
        <Level colour={proposal.colour} />
        <span className="status" data-testid="proposal-status">
          {t(`warning.status.${proposal.status}`)}
        </span>
        <span className="grow" />
        {may("warnings.decide") &&
          (decidable ? (
            <Decide
              choices={[
                { key: "accepted", label: t("warning.accept"), primary: true },
                { key: "dismissed", label: t("warning.dismiss") },
              ]}
              onDecide={decide}
            />
          ) : (
            <span className="quiet">{t("decide.notAll")}</span>
          ))}
      </header>
      {proposal.decided_at !== null && (
        <p>
          {t("decidedBy", { who: proposal.decided_by, time: time(proposal.decided_at) })}: {proposal.reason}
        </p>
      )}
      <Body proposal={proposal} />
      <p className="quiet">{t("warning.note")}</p>
    </section>
  );
}
