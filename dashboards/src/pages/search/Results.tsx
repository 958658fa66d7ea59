import { App, Button, Dropdown } from "antd";
import { useState, type ReactNode } from "react";
import { time } from "../../format";
import { useTexts } from "../../i18n/use";
import { EventMark } from "../intel/EventMark";
import { firedNames } from "../rules/fired";
import { Record as MarkedRecord, RuleMark } from "../rules/RuleMark";
import { allFields } from "./fields";

type Event = Record<string, unknown>;

export interface CellActions {
  onNarrow: (field: string, value: unknown, exclude: boolean) => void;
  onColumn: (field: string) => void;
  columns: readonly string[];
}

/** The time in the reader's zone; everything else as it is. */
function readable(field: string, text: string): string {
  const at = field === "@timestamp" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? text : time(at / 1000);
}

export function shown(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map(shown).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A value that can be filtered for, filtered out, made a column, or copied. */
export function Value({ field, value, actions }: { field: string; value: unknown; actions: CellActions }): ReactNode {
  const { t } = useTexts("search");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const text = shown(value);
  if (!text) return <span className="quiet">–</span>;
  const items = [
    { key: "for", label: t("filterFor"), onClick: () => { actions.onNarrow(field, value, false); } },
    { key: "out", label: t("filterOut"), onClick: () => { actions.onNarrow(field, value, true); } },
    {
      key: "column",
      label: t(actions.columns.includes(field) ? "removeColumn" : "addColumn"),
      onClick: () => { actions.onColumn(field); },
    },
    {
      key: "copy",
      label: common("copy"),
      onClick: () => void navigator.clipboard.writeText(text).then(() => message.success(common("copied"))),
    },
  ];
  return (
    <Dropdown menu={{ items }} trigger={["click"]}>
      <button type="button" className="search-value ellipsis" title={text}>
        {readable(field, text)}
      </button>
    </Dropdown>
  );
}

function EventDetail({ event, actions }: { event: Event; actions: CellActions }): ReactNode {
  const { t } = useTexts("search");
  const { t: common } = useTexts("common");
  const original = shown(event["event.original"]);
  const fired = firedNames(event);
  return (
    <div className="search-detail">
      <RuleMark event={event} />
      <EventMark event={event} />
      <table className="table search-fields">
        <tbody>
          {allFields(event).map(([name, value]) => (
            <tr key={name} className={fired.has(name) ? "fired-row" : ""}>
              <th scope="row" className="mono">
                {name}
              </th>
              <td className="mono">
                <Value field={name} value={value} actions={actions} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div>
        <div className="row">
          <strong className="grow">{t("original")}</strong>
          <Button size="small" type="text" onClick={() => void navigator.clipboard.writeText(original)}>
            {common("copy")}
          </Button>
        </div>
        <pre className="mono" tabIndex={0} data-testid="original">
          <MarkedRecord text={original} event={event} />
        </pre>
      </div>
    </div>
  );
}

interface Props {
  events: readonly Event[];
  actions: CellActions;
}

export function Results({ events, actions }: Props): ReactNode {
  const { t } = useTexts("search");
  const [open, setOpen] = useState<string>();
  const { columns } = actions;
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={t("results")}>
      <table className="table search-results" data-testid="results">
        <thead>
          <tr>
            <th scope="col" aria-label={t("all")} />
            {columns.map((name) => (
              <th key={name} scope="col" className="mono">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        {events.map((event) => {
          const id = shown(event["event.id"]);
          return (
            <tbody key={id}>
              <tr>
                <td>
                  <button
                    type="button"
                    className="link-button"
                    aria-expanded={open === id}
                    aria-label={t("all")}
                    data-testid="expand"
                    onClick={() => {
                      setOpen(open === id ? undefined : id);
                    }}
                  >
                    {open === id ? "▾" : "▸"}
                  </button>
                </td>
                {columns.map((name) => (
                  <td key={name} className="mono">
                    <Value field={name} value={event[name]} actions={actions} />
                  </td>
                ))}
              </tr>
              {open === id && (
                <tr>
                  <td colSpan={columns.length + 1}>
                    <EventDetail event={event} actions={actions} />
                  </td>
                </tr>
              )}
            </tbody>
          );
        })}
      </table>
    </div>
  );
}
