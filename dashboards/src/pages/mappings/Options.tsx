/** How one record is taken apart. */
import { Input, Select } from "antd";
import type { ReactNode } from "react";
import { useTexts } from "../../i18n/use";
import { FORMS, type Form, type Spec } from "./spec";

interface Props {
  spec: Spec;
  onChange: (spec: Spec) => void;
}

const DELIMITERS = [",", ";", "\t", "|", " "] as const;
const SHOWN: Record<string, string> = { "\t": "Tab", " ": "␣" };

function Labelled({ text, children }: { text: string; children: ReactNode }): ReactNode {
  return (
    <label>
      <span>{text}</span>
      {children}
    </label>
  );
}

function CsvOptions({ spec, onChange }: Props): ReactNode {
  const { t } = useTexts("mappings");
  return (
    <>
      <Labelled text={t("delimiter")}>
        <Select<string>
          aria-label={t("delimiter")}
          value={spec.csv.delimiter}
          options={DELIMITERS.map((value) => ({ value, label: SHOWN[value] ?? value }))}
          onChange={(delimiter) => { onChange({ ...spec, csv: { ...spec.csv, delimiter } }); }}
        />
      </Labelled>
      <Labelled text={t("columns")}>
        <Input
          key={(spec.csv.columns ?? []).join(",")}
          defaultValue={(spec.csv.columns ?? []).join(",")}
          onBlur={(event) => {
            const columns = event.target.value.split(/[,，]/).map((name) => name.trim());
            onChange({ ...spec, csv: { ...spec.csv, columns: columns.some(Boolean) ? columns : [] } });
          }}
        />
      </Labelled>
    </>
  );
}

function PairOptions({ spec, onChange }: Props): ReactNode {
  const { t } = useTexts("mappings");
  return (
    <>
      <Labelled text={t("between")}>
        <Input maxLength={4} value={spec.pairs.between} onChange={(event) => { onChange({ ...spec, pairs: { ...spec.pairs, between: event.target.value } }); }} />
      </Labelled>
      <Labelled text={t("assign")}>
        <Input maxLength={4} value={spec.pairs.assign} onChange={(event) => { onChange({ ...spec, pairs: { ...spec.pairs, assign: event.target.value } }); }} />
      </Labelled>
    </>
  );
}

export function Options({ spec, onChange }: Props): ReactNode {
  const { t } = useTexts("mappings");
  const document = spec.form === "json" || spec.form === "xml";
  return (
    <div className="mapping-options">
      <Labelled text={t("form")}>
        <Select<Form>
          aria-label={t("form")}
          value={spec.form}
          options={FORMS.map((value) => ({ value, label: t(`forms.${value}`) }))}
          onChange={(form) => { onChange({ ...spec, form, records: "" }); }}
        />
      </Labelled>
      {spec.form === "csv" && <CsvOptions spec={spec} onChange={onChange} />}
      {spec.form === "pairs" && <PairOptions spec={spec} onChange={onChange} />}
      {document && (
        <Labelled text={t("records")}>
          <Input className="mono" maxLength={200} value={spec.records} onChange={(event) => { onChange({ ...spec, records: event.target.value.trim() }); }} />
        </Labelled>
      )}
      <Labelled text={t("match")}>
        <Input className="mono" maxLength={200} value={spec.match} onChange={(event) => { onChange({ ...spec, match: event.target.value }); }} />
      </Labelled>
      <Labelled text={t("rest")}>
        <Select<Spec["rest"]>
          aria-label={t("rest")}
          value={spec.rest}
          options={(["keep", "drop"] as const).map((value) => ({ value, label: t(`rests.${value}`) }))}
          onChange={(rest) => { onChange({ ...spec, rest }); }}
        />
      </Labelled>
    </div>
  );
}
