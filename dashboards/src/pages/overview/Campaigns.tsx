/** Campaigns in the reader's area, with the warnings proposed. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useNavigate } from "react-router";
import { api, take } from "../../api/client";
import { Table } from "../../components/Table";
import { useTexts } from "../../i18n/use";
import { useLive } from "../../live";
import { useSession } from "../../session";
import { useColumns } from "../campaigns/Campaigns";

const SHOWN = 8;

export function OverviewCampaigns(): ReactNode {
  const { t } = useTexts("campaigns");
  const { may } = useSession();
  const columns = useColumns();
  const navigate = useNavigate();
  const list = useQuery({
    queryKey: ["overview-campaigns"],
    queryFn: () => take(api.GET("/api/v1/campaigns", { params: { query: { limit: SHOWN } } })),
    enabled: may("campaigns.read"),
  });
  useLive(["campaign", "warning"], () => void list.refetch());
  if (!list.data) return null;
  return (
    <section className="card" data-testid="overview-campaigns">
      <h2>
        <Link to="/campaigns">{t("title")}</Link>
      </h2>
      {list.data.items.length === 0 ? (
        <p className="quiet">{t("none")}</p>
      ) : (
        <Table label={t("title")} columns={columns} rows={list.data.items} keyOf={(row) => row.id} onOpen={(row) => void navigate(`/campaigns/${row.id}`)} />
      )}
    </section>
  );
}
