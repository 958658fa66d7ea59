import { Select } from "antd";
import type { ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { Level } from "../../components/Level";
import { More } from "../../components/More";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { number, shortTime } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useLive } from "../../live";
import "./campaigns.css";

export type Row = Schemas["Campaign"];
type Status = Row["status"];

export function useColumns(): Column<Row>[] {
  const { t, language } = useTexts("campaigns");
  return [
    { key: "proposal", title: t("proposal"), cell: (row) => row.proposal && row.proposal.status !== "dismissed" && <Level colour={row.proposal.colour} /> },
    { key: "name", title: t("name"), cell: (row) => <Link to={`/campaigns/${row.id}`}>{pick(row, "title", language)}</Link> },
    { key: "kind", title: "", cell: (row) => <span className="quiet">{t(`kind.${row.kind}`)}</span> },
    {
      key: "enterprises",
      title: t("enterprises"),
      numeric: true,
      cell: (row) => (
        <Link to={`/campaigns/${row.id}#hit`}>
          {row.visible_count === row.enterprise_count
            ? number(row.enterprise_count, language)
            : t("ofWhich", { visible: number(row.visible_count, language), all: number(row.enterprise_count, language) })}
        </Link>
      ),
    },
    { key: "risk", title: t("atRisk"), numeric: true, cell: (row) => <Link to={`/campaigns/${row.id}#risk`}>{number(row.at_risk_count, language)}</Link> },
    { key: "score", title: t("score"), numeric: true, cell: (row) => <Link to={`/campaigns/${row.id}#why`}>{number(row.score, language, 2)}</Link> },
    { key: "first", title: t("first"), cell: (row) => <span className="number">{shortTime(row.first_seen)}</span> },
    { key: "last", title: t("last"), cell: (row) => <span className="number">{shortTime(row.last_seen)}</span> },
    { key: "status", title: t("statusTitle"), cell: (row) => <span className="status">{row.active ? t(`status.${row.status}`) : t("faded")}</span> },
  ];
}

const STATUSES: readonly Status[] = ["open", "confirmed", "dismissed"];

export default function Campaigns(): ReactNode {
  const { t } = useTexts("campaigns");
  const columns = useColumns();
  const navigate = useNavigate();
  const [query, setQuery] = useSearchParams();
  const status = query.get("status") as Status | null;
  const list = useList(["campaigns", status], (cursor) =>
    take(
      api.GET("/api/v1/campaigns", {
        params: {
          query: {
            ...(status ? { status: [status], active: "any" as const } : {}),
            ...(cursor ? { cursor } : {}),
          },
        },
      }),
    ),
  );
  useLive(["campaign"], () => void list.query.refetch());
  if (list.query.isPending) return <Loading />;
  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  return (
    <div>
      <header className="page-head">
        <h1>{t("title")}</h1>
        <span className="grow" />
        <Select<string>
          aria-label={t("statusTitle")}
          value={status ?? ""}
          style={{ minWidth: 130 }}
          onChange={(value) => {
            setQuery(value ? { status: value } : {});
          }}
          options={[{ value: "", label: t("all") }, ...STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))]}
        />
      </header>
      <section className="card">
        {list.rows.length === 0 ? (
          <Nothing text={t("none")} />
        ) : (
          <Table label={t("title")} columns={columns} rows={list.rows} keyOf={(row) => row.id} onOpen={(row) => void navigate(`/campaigns/${row.id}`)} testId="campaigns" />
        )}
        <More query={list.query} />
      </section>
    </div>
  );
}
