import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import type { ReactNode } from "react";
import { Link, useSearchParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { RiskMark } from "../../components/marks";
import { useMeasures } from "../../components/measures";
import { Failure, Loading } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { number } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";

const HOURS = [24, 168, 720] as const;

type Row = Schemas["IndustryRow"];

export default function Industries(): ReactNode {
  const { t, language } = useTexts("operations");
  const { may } = useSession();
  const { t: overview } = useTexts("overview");
  const [query, setQuery] = useSearchParams();
  const hours = Number(query.get("hours") ?? 24);
  const industries = useQuery({
    queryKey: ["industries", hours],
    queryFn: () => take(api.GET("/api/v1/industries", { params: { query: { hours } } })),
    placeholderData: (before) => before,
  });
  const measures = useMeasures<Row>((row) => `industry=${row.code}`, hours, industries.dataUpdatedAt / 1000);
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
    ...measures,
  ];
  return (
    <div>
      <header className="page-head">
        <h1>{t("enterprises.industries")}</h1>
        <span className="grow" />
        <Select<number>
          aria-label={overview("period")}
          value={hours}
          onChange={(value) => {
            setQuery({ hours: String(value) });
          }}
          options={HOURS.map((value) => ({ value, label: overview(`hours.${value}`) }))}
        />
      </header>
      <section className="card">
        <Table label={t("enterprises.industries")} columns={columns} rows={industries.data.items} keyOf={(row) => row.code} />
      </section>
    </div>
  );
}
