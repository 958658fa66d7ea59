import { useQuery } from "@tanstack/react-query";
import { useEffect, type ReactNode } from "react";
import { useLocation, useParams } from "react-router";
import { api, take } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { number, time } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useLive } from "../../live";
import { useSession } from "../../session";
import "./campaigns.css";
import { Decide, type Choice } from "./Decide";
import { ProposalCard } from "./ProposalCard";
import { AtRisk, Hit, Indicators, Members, Why } from "./Tables";

/** A number elsewhere opens the part of this page that makes it up. */
function useAnchor(ready: boolean): void {
  const { hash } = useLocation();
  useEffect(() => {
    if (ready && hash) document.getElementById(hash.slice(1))?.scrollIntoView();
  }, [ready, hash]);
}

export default function CampaignPage(): ReactNode {
  const { id = "" } = useParams();
  const { t, language } = useTexts("campaigns");
  const { may } = useSession();
  const path = { campaign_id: id };
  const query = useQuery({ queryKey: ["campaign", id], queryFn: () => take(api.GET("/api/v1/campaigns/{campaign_id}", { params: { path } })) });
  useLive(["campaign", "warning"], (change) => {
    if (change.id === id) void query.refetch();
  });
  useAnchor(query.isSuccess);
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const campaign = query.data;
  const decide = async (status: string, reason: string): Promise<void> => {
    await take(
      api.PATCH("/api/v1/campaigns/{campaign_id}", {
        params: { path, header: { "If-Match": `"${campaign.version}"` } },
        body: { status: status as "open", reason },
      }),
    );
    await query.refetch();
  };
  const choices: Choice[] =
    campaign.status === "open"
      ? [
          { key: "confirmed", label: t("decide.confirm"), primary: true },
          { key: "dismissed", label: t("decide.dismiss") },
        ]
      : [{ key: "open", label: t("decide.reopen") }];
  return (
    <div className="campaign">
      <header className="page-head">
        <h1 data-testid="campaign-title">{pick(campaign, "title", language)}</h1>
        <span className="status" data-testid="campaign-status">
          {campaign.active ? t(`status.${campaign.status}`) : t("faded")}
        </span>
        <span className="quiet">
          {t("score")} {number(campaign.score, language, 2)} · {t(`criterion.${campaign.criterion}`)} · {time(campaign.first_seen)} – {time(campaign.last_seen)}
        </span>
        <span className="grow" />
        {may("campaigns.write") && campaign.decidable && <Decide choices={choices} onDecide={decide} />}
      </header>
      {campaign.decided_at !== null && (
        <p>
          {t("decidedBy", { who: campaign.decided_by, time: time(campaign.decided_at) })}: {campaign.status_reason}
        </p>
      )}
      {campaign.proposal && <ProposalCard id={campaign.proposal.id} decidable={campaign.decidable} />}
      <section className="card" id="why">
        <h2>{t("why")}</h2>
        <Why campaign={campaign} />
      </section>
      <section className="card" id="hit">
        <h2>{t("hit")}</h2>
        <Hit campaign={campaign} />
      </section>
      <section className="card">
        <h2>{t("indicators")}</h2>
        <Indicators campaign={campaign} />
      </section>
      <section className="card">
        <h2>{t("member")}</h2>
        <Members campaign={campaign} />
      </section>
      <section className="card" id="risk">
        <h2>{t("risky")}</h2>
        <AtRisk campaign={campaign} />
      </section>
      <section className="card">
        <h2>{t("techniques")}</h2>
        <ul className="campaign-list">
          {campaign.techniques.map((technique) => (
            <li key={technique.technique}>
              <span className="mono">{technique.technique}</span> {pick(technique, "technique", language)}
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
