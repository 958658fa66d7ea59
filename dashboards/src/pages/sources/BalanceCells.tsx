import type { ReactNode } from "react";
import type { Column } from "../../components/Table";
import { number } from "../../format";
import { useTexts } from "../../i18n/use";
import { PARTS, type Balance } from "./balance";

export function Difference({ value }: { value: number }): ReactNode {
  const { t, language } = useTexts("operations");
  if (value === 0) return <span className="quiet">✓ {t("sources.even")}</span>;
  return <strong>⚑ {number(value, language)}</strong>;
}

/** Columns of a balance for any row that has one. */
export function useBalanceColumns<Row>(of: (row: Row) => Balance): Column<Row>[] {
  const { t, language } = useTexts("operations");
  return [
    ...(["received", ...PARTS] as const).map((part) => ({
      key: part,
      title: t(`sources.${part}`),
      numeric: true,
      cell: (row: Row) => number(of(row)[part], language),
    })),
    {
      key: "difference",
      title: t("sources.difference"),
      numeric: true,
      cell: (row: Row) => <Difference value={of(row).difference} />,
    },
  ];
}
