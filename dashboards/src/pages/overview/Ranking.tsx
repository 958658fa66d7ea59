import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { RiskMark } from "../../components/marks";
import { useMeasures } from "../../components/measures";
import { Table, type Column } from "../../components/Table";
import { percent } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";

type Row = Schemas["RegionRow"];

interface Props {
  rows: readonly Row[];
  hours: number;
  at: number;
  highlighted: string | undefined;
  onOpen: (code: string) => void;
  onPoint: (code: string | undefined) => void;
}

/** The table beside the map says the same in words, and drills as well. */
export function Ranking({ rows, hours, at, highlighted, onOpen, onPoint }: Props): ReactNode {
  const { t, language } = useTexts("overview");
  const measures = useMeasures<Row>((row) => `region=${row.region.code}`, hours, at);
  const columns: Column<Row>[] = [
    {
      key: "region",
      title: t("region"),
      cell: (row) => (
        <button
          type="button"
          className="link-button"
          onClick={() => {
            onOpen(row.region.code);
          }}
        >
          {nameOf(row.region, language)}
        </button>
      ),
    },
    { key: "risk", title: t("risk"), cell: (row) => <RiskMark risk={row.risk} /> },
    { key: "coverage", title: t("coverage"), numeric: true, cell: (row) => (row.risk ? percent(row.risk.coverage, language) : "–") },
    ...measures,
  ];
  return (
    <Table
      label={t("ranking")}
      columns={columns}
      rows={rows}
      keyOf={(row) => row.region.code}
      onOpen={(row) => {
        onOpen(row.region.code);
      }}
      onPoint={(row) => {
        onPoint(row?.region.code);
      }}
      isMarked={(row) => row.region.code === highlighted}
      testId="ranking"
    />
  );
}
