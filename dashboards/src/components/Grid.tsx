/**
 * A long list as an ARIA grid: only the rows in sight are in the document, one row is current and keeps its place when
 * others come and go. Selection and keys belong to the page.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type ReactNode } from "react";
import "./grid.css";

export interface GridColumn<Row> {
  key: string;
  title: ReactNode;
  /** A CSS grid track: `90px`, `minmax(200px, 1fr)`. */
  track: string;
  cell: (row: Row) => ReactNode;
}

interface Props<Row> {
  label: string;
  columns: readonly GridColumn<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  rowHeight: number;
  current: number;
  onCurrent: (index: number) => void;
  onOpen?: (row: Row) => void;
  isSelected?: (row: Row) => boolean;
  total?: number;
  /** Called when the last rows come into sight. */
  onEnd?: () => void;
  testId?: string;
}

export function Grid<Row>(props: Props<Row>): ReactNode {
  const { columns, rows, keyOf, rowHeight, current, onCurrent, onOpen, isSelected, onEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;

  useEffect(() => {
    if (rows.length > 0 && lastShown >= rows.length - 5) onEnd?.();
  }, [lastShown, rows.length, onEnd]);

  useEffect(() => {
    if (current >= 0 && current < rows.length) virtual.scrollToIndex(current, { align: "auto" });
  }, [current, rows.length, virtual]);

  const template = { gridTemplateColumns: columns.map((column) => column.track).join(" ") };
  const currentRow = rows[current];
  return (
    <div
      ref={scroller}
      className="grid"
      role="grid"
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={props.total ?? rows.length}
      aria-activedescendant={currentRow ? `row-${keyOf(currentRow)}` : undefined}
      data-testid={props.testId}
    >
      <div role="row" className="grid-head" style={template} aria-rowindex={1}>
        {columns.map((column) => (
          <div role="columnheader" key={column.key}>
            {column.title}
          </div>
        ))}
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          const key = keyOf(row);
          const selected = isSelected?.(row) ?? false;
          return (
            <div
              role="row"
              key={key}
              id={`row-${key}`}
              data-key={key}
              aria-rowindex={item.index + 2}
              aria-selected={selected}
              className={["grid-row", item.index === current ? "current" : "", selected ? "selected" : ""].join(" ")}
              style={{ ...template, height: rowHeight, transform: `translateY(${item.start}px)` }}
              onClick={() => {
                onCurrent(item.index);
              }}
              onDoubleClick={() => onOpen?.(row)}
            >
              {columns.map((column) => (
                <div role="gridcell" key={column.key}>
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
