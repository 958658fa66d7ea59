import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { number } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";

type Row = Schemas["WarningListGroup"];
const KEYS = ["resolvers", "cdn", "updates", "everybody", "inside", "digests", "own"] as const;
const SHOWN = 12;

export function Lists(): ReactNode {
  const { t, language } = useTexts("intel");
  const lists = useQuery({ queryKey: ["warning-lists"], queryFn: () => take(api.GET("/api/v1/intel/warning-lists")) });
  if (lists.isPending) return <Loading />;
  if (lists.isError) return <Failure error={lists.error} retry={() => void lists.refetch()} />;
  const name = (row: Row): string => {
    const known = KEYS.find((one) => one === row.key);
    return known ? t(`lists.keys.${known}`) : row.key;
  };
  const values = (row: Row): ReactNode => {
    const all = [...row.networks, ...row.domains, ...row.hashes];
    const more = all.length - SHOWN;
    return (
      <span className="mono intel-value">
        {all.slice(0, SHOWN).join(", ")} {more > 0 && <span className="quiet">{t("lists.more", { count: more })}</span>}
      </span>
    );
  };
  const columns: Column<Row>[] = [
    { key: "key", title: t("lists.key"), cell: name },
    { key: "reason", title: t("lists.reason"), cell: (row) => pick(row, "reason", language) },
    { key: "values", title: t("lists.values"), cell: values },
    {
      key: "held",
      title: t("lists.held"),
      numeric: true,
      cell: (row) => <Link to="/intel?view=indicators&state=warned">{number(row.indicators, language)}</Link>,
    },
  ];
  return <Table label={t("views.lists")} columns={columns} rows={lists.data.items} keyOf={(row) => row.key} testId="warning-lists" />;
}
