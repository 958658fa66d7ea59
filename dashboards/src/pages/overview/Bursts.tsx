/** Techniques that are new at more enterprises than usual, in the region shown. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useNavigate } from "react-router";
import { api, take } from "../../api/client";
import { Table } from "../../components/Table";
import { useTexts } from "../../i18n/use";
import { useLive } from "../../live";
import { BaselineNote, useColumns } from "../bursts/Bursts";

const SHOWN = 8;

export function OverviewBursts({ code }: { code: string }): ReactNode {
  const { t } = useTexts("bursts");
  const columns = useColumns();
  const navigate = useNavigate();
  const list = useQuery({
    queryKey: ["overview-bursts", code],
    queryFn: () => take(api.GET("/api/v1/bursts", { params: { query: { region: code, limit: SHOWN } } })),
  });
  useLive(["burst"], () => void list.refetch());
  if (!list.data) return null;
  return (
    <section className="card" data-testid="overview-bursts">
      <h2>
        <Link to="/bursts">{t("title")}</Link>
      </h2>
      {list.data.items.length === 0 ? (
        <>
          <p className="quiet">{t("none")}</p>
          <BaselineNote baseline={list.data.baseline} />
        </>
      ) : (
        <Table label={t("title")} columns={columns} rows={list.data.items} keyOf={(row) => row.id} onOpen={(row) => void navigate(`/bursts/${row.id}`)} />
      )}
    </section>
  );
}
