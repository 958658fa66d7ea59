/** What lies in a region below its counties: parks and enterprises. */
import type { ReactNode } from "react";
import { Link, useNavigate } from "react-router";
import type { Schemas } from "../../api/client";
import { RiskMark } from "../../components/marks";
import { useMeasures } from "../../components/measures";
import { Table, type Column } from "../../components/Table";
import { number } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";

type ParkRow = Schemas["ParkRow"];
type EnterpriseRow = Schemas["EnterpriseRow"];

/** The riskiest are first; an overview is no register. */
const FIRST = 10;

export function Parks({ rows, hours, at }: { rows: readonly ParkRow[]; hours: number; at: number }): ReactNode {
  const { t, language } = useTexts("overview");
  const navigate = useNavigate();
  const measures = useMeasures<ParkRow>((row) => `park_id=${row.id}`, hours, at);
  const columns: Column<ParkRow>[] = [
    { key: "name", title: t("park"), cell: (row) => <Link to={`/parks/${row.id}`}>{nameOf(row, language)}</Link> },
    { key: "risk", title: t("risk"), cell: (row) => <RiskMark risk={row.risk} /> },
    { key: "enterprises", title: t("enterprises"), numeric: true, cell: (row) => number(row.enterprises, language) },
    ...measures,
  ];
  return (
    <Table
      label={t("parks")}
      columns={columns}
      rows={rows}
      keyOf={(row) => row.id}
      onOpen={(row) => void navigate(`/parks/${row.id}`)}
      first={FIRST}
      testId="parks"
    />
  );
}

export function Enterprises({ rows }: { rows: readonly EnterpriseRow[] }): ReactNode {
  const { t, language } = useTexts("overview");
  const { t: common } = useTexts("common");
  const navigate = useNavigate();
  const columns: Column<EnterpriseRow>[] = [
    { key: "name", title: t("enterprise"), cell: (row) => <Link to={`/enterprises/${row.id}`}>{nameOf(row, language)}</Link> },
    { key: "kind", title: "", cell: (row) => <span className="quiet">{common(`kind.${row.kind}`)}</span> },
    { key: "industry", title: t("industry"), cell: (row) => (language === "zh" ? row.industry_zh : row.industry_en) },
    { key: "risk", title: t("risk"), cell: (row) => <RiskMark risk={row.risk} /> },
    { key: "open", title: t("open"), numeric: true, cell: (row) => number(row.open_incidents, language) },
  ];
  return (
    <Table
      label={t("enterprises")}
      columns={columns}
      rows={rows}
      keyOf={(row) => row.id}
      onOpen={(row) => void navigate(`/enterprises/${row.id}`)}
      first={FIRST}
      testId="enterprises"
    />
  );
}
