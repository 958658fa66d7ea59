import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { RiskMark } from "../../components/marks";
import { Failure, Loading } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { number } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";

type Row = Schemas["IndustryRow"];

export default function Industries(): ReactNode {
  const { t, language } = useTexts("operations");
  const { may } = useSession();
  const industries = useQuery({ queryKey: ["industries"], queryFn: () => take(api.GET("/api/v1/industries")) });
  if (industries.isPending) return <Loading />;
  if (industries.isError) return <Failure error={industries.error} retry={() => void industries.refetch()} />;
  const columns: Column<Row>[] = [
    { key: "code", title: "GB/T 4754", cell: (row) => <span className="mono">{row.code}</span> },
    { key: "name", title: t("enterprises.industry"), cell: (row) => <Link to={`/risk/industry/${row.code}`}>{pick(row, "name", language)}</Link> },
    { key: "risk", title: t("enterprises.risk"), cell: (row) => <RiskMark risk={row.risk} /> },
    {
      key: "count",
      title: t("enterprises.count"),
      numeric: true,
      cell: (row) => {
        const text = number(row.enterprises, language);
        return may("enterprises.read") ? <Link to={`/enterprises?industry=${row.code}`}>{text}</Link> : text;
      },
    },
    { key: "open", title: t("enterprises.open"), numeric: true, cell: (row) => number(row.open_incidents, language) },
  ];
  return (
    <div>
      <header className="page-head">
        <h1>{t("enterprises.industries")}</h1>
      </header>
      <section className="card">
        <Table label={t("enterprises.industries")} columns={columns} rows={industries.data.items} keyOf={(row) => row.code} />
      </section>
    </div>
  );
}
