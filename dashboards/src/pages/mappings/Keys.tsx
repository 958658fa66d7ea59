/** The values that the samples hold, and which field each becomes. */
import { AutoComplete, Button, Input, Select } from "antd";
import { useMemo, useState, type ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { Table, type Column } from "../../components/Table";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { constantOf, readTable, READINGS, tableText, withField, withTarget, type Reading, type Spec } from "./spec";
import "./mappings.css";

type Found = Schemas["FoundKey"];
type Target = Schemas["TargetField"];

interface Props {
  spec: Spec;
  keys: readonly Found[];
  targets: readonly Target[];
  onChange: (spec: Spec) => void;
}

function useOptions(targets: readonly Target[]): { value: string; label: string }[] {
  const { language } = useTexts("mappings");
  return useMemo(
    () => targets.map((one) => ({ value: one.name, label: `${one.name} · ${pick(one, "meaning", language)}` })),
    [targets, language],
  );
}

const matches = (typed: string, option?: { label: string }): boolean => option?.label.toLowerCase().includes(typed.toLowerCase()) ?? false;

export function Keys({ spec, keys, targets, onChange }: Props): ReactNode {
  const { t } = useTexts("mappings");
  const options = useOptions(targets);
  const missing = spec.fields.filter((one) => !keys.some((found) => found.key === one.key));
  const rows: Found[] = [...keys, ...missing.map((one) => ({ key: one.key, examples: [], count: 0, suggestion: "" }))];
  const of = (row: Found): Spec["fields"][number] | undefined => spec.fields.find((one) => one.key === row.key);
  const columns: Column<Found>[] = [
    { key: "key", title: t("key"), cell: (row) => <span className="mono">{row.key}</span> },
    {
      key: "examples",
      title: t("examples"),
      cell: (row) => row.examples.map((value) => <span key={value} className="mono quiet mapping-example" title={value}>{value}</span>),
    },
    {
      key: "to",
      title: t("to"),
      cell: (row) => (
        <>
          <AutoComplete
            style={{ width: 240 }}
            size="small"
            aria-label={`${t("to")} ${row.key}`}
            value={of(row)?.to ?? ""}
            options={options}
            popupMatchSelectWidth={420}
            showSearch={{ filterOption: matches }}
            allowClear
            onChange={(value: string | undefined) => { onChange(withTarget(spec, row.key, (value ?? "").trim())); }}
          />
          {!of(row) && row.suggestion && (
            <div>
              <Button type="link" size="small" onClick={() => { onChange(withTarget(spec, row.key, row.suggestion)); }}>
                {t("suggested", { field: row.suggestion })}
              </Button>
            </div>
          )}
        </>
      ),
    },
    {
      key: "reading",
      title: t("reading"),
      cell: (row) =>
        of(row) && (
          <Select<Reading>
            size="small"
            aria-label={`${t("reading")} ${row.key}`}
            popupMatchSelectWidth={false}
            value={of(row)?.reading ?? "auto"}
            options={READINGS.map((value) => ({ value, label: t(`readings.${value}`) }))}
            onChange={(reading) => { onChange(withField(spec, row.key, { reading })); }}
          />
        ),
    },
    {
      key: "table",
      title: t("table"),
      cell: (row) =>
        of(row) && (
          <Input
            size="small"
            style={{ minWidth: 120 }}
            aria-label={`${t("table")} ${row.key}`}
            placeholder={t("tableHow")}
            key={`${row.key} ${tableText(of(row)?.table)}`}
            defaultValue={tableText(of(row)?.table)}
            onBlur={(event) => { onChange(withField(spec, row.key, { table: readTable(event.target.value) })); }}
          />
        ),
    },
  ];
  return <div className="mapping-keys"><Table label={t("keys")} columns={columns} rows={rows} keyOf={(row) => row.key} testId="mapping-keys" /></div>;
}

/** Fields that every event of the product has. */
export function Constants({ spec, targets, onChange }: Omit<Props, "keys">): ReactNode {
  const { t } = useTexts("mappings");
  const options = useOptions(targets);
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const add = (): void => {
    const target = targets.find((one) => one.name === name);
    onChange({ ...spec, constants: { ...spec.constants, [name]: constantOf(value, target?.type ?? "keyword", target?.array ?? false) } });
    setName("");
    setValue("");
  };
  const entries = Object.entries(spec.constants ?? {});
  return (
    <section aria-label={t("constants")}>
      <h3>{t("constants")}</h3>
      <ul>
        {entries.map(([field, constant]) => (
          <li key={field}>
            <span className="mono">{field} = {Array.isArray(constant) ? constant.join(", ") : String(constant)}</span>{" "}
            <Button
              size="small"
              aria-label={`${t("remove")} ${field}`}
              onClick={() => { onChange({ ...spec, constants: Object.fromEntries(entries.filter(([other]) => other !== field)) }); }}
            >
              {t("remove")}
            </Button>
          </li>
        ))}
      </ul>
      <div className="row">
        <AutoComplete
          style={{ width: 240 }}
          size="small"
          aria-label={`${t("constants")} ${t("to")}`}
          value={name}
          options={options}
          popupMatchSelectWidth={420}
          showSearch={{ filterOption: matches }}
          onChange={(typed: string) => { setName(typed.trim()); }}
        />
        <Input size="small" style={{ maxWidth: 200 }} aria-label={t("constant")} value={value} onChange={(event) => { setValue(event.target.value); }} />
        <Button size="small" disabled={!name || !value} onClick={add}>{t("add")}</Button>
      </div>
    </section>
  );
}
