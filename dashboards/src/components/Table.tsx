/** A plain table for lists of up to a few hundred rows: sticky header, rows that open by click and Enter. */
import { Button } from "antd";
import { useState, type KeyboardEvent, type MouseEvent, type ReactNode } from "react";
import { useTexts } from "../i18n/use";

export interface Column<Row> {
  key: string;
  title: ReactNode;
  cell: (row: Row) => ReactNode;
  /** Numbers are aligned to the right. */
  numeric?: boolean;
  width?: number | string;
}

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  onOpen?: (row: Row) => void;
  onPoint?: (row: Row | null) => void;
  isMarked?: (row: Row) => boolean;
  /** Rows shown until the reader asks for all of them. */
  first?: number;
  testId?: string;
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a,button,input,label,select") !== null;
}

export function Table<Row>({ label, columns, rows, keyOf, onOpen, onPoint, isMarked, first = Infinity, testId }: Props<Row>): ReactNode {
  const { t } = useTexts("common");
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? rows : rows.slice(0, first);
  const open = (row: Row) => (event: MouseEvent | KeyboardEvent) => {
    if (!onOpen || isControl(event.target)) return;
    if ("key" in event && event.key !== "Enter") return;
    onOpen(row);
  };
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="table" data-testid={testId} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={column.numeric ? "right" : ""} style={{ width: column.width }}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr
              key={keyOf(row)}
              data-key={keyOf(row)}
              className={[onOpen ? "opens" : "", isMarked?.(row) ? "marked" : ""].join(" ")}
              tabIndex={onOpen ? 0 : undefined}
              onClick={open(row)}
              onKeyDown={open(row)}
              onMouseEnter={() => onPoint?.(row)}
              onMouseLeave={() => onPoint?.(null)}
              onFocus={() => onPoint?.(row)}
            >
              {columns.map((column) => (
                <td key={column.key} className={column.numeric ? "right number" : ""}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < rows.length && (
        <Button
          type="link"
          data-testid={testId ? `${testId}-all` : undefined}
          onClick={() => {
            setWhole(true);
          }}
        >
          {t("showAll", { count: rows.length })}
        </Button>
      )}
    </div>
  );
}
