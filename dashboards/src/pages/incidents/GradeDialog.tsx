/** Facts that only people know, and the decision on category and levels. */
import { App, Input, InputNumber, Modal } from "antd";
import { useState, type ReactNode } from "react";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { categories, levels, tracks } from "./gradeNames";

type Change = Schemas["GradeChange"];
type Fact = Schemas["Missing"]["fact"];

interface Choice {
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onPick: (value: string) => void;
}

function Choose({ label, value, options, onPick }: Choice): ReactNode {
  const { t } = useTexts("feedback");
  return (
    <label>
      <span className="quiet">{label}</span>
      <select
        value={value}
        onChange={(event) => {
          onPick(event.target.value);
        }}
      >
        <option value="">{t("grade.choose")}</option>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

interface Props {
  incident: Schemas["IncidentDetail"];
  onDone: (changed: boolean) => void;
}

export function GradeDialog({ incident, onDone }: Props): ReactNode {
  const { t, language } = useTexts("feedback");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const { grade } = incident;
  const [facts, setFacts] = useState<Partial<Record<Fact, number | null>>>({});
  const [picked, setPicked] = useState<Record<string, string>>({});
  const [reported, setReported] = useState(false);
  const [reason, setReason] = useState("");
  const set = (name: string) => (value: string) => {
    setPicked((before) => ({ ...before, [name]: value }));
  };
  const decides = ["category", "level", "reporting"].some((name) => picked[name]);
  const names = gradeFacts(grade);
  const save = async (): Promise<void> => {
    const chosen = Object.fromEntries(Object.entries(picked).filter(([, value]) => value));
    const body: Change = {
      ...(chosen as Partial<Change>),
      facts,
      reason: reason.trim(),
      ...(reported ? { reported_at: Date.now() / 1000 } : {}),
    };
    try {
      await take(
        api.PATCH("/api/v1/incidents/{incident_id}/grade", {
          params: { path: { incident_id: incident.id }, header: { "If-Match": `"${incident.version}"` } },
          body,
        }),
      );
      onDone(true);
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
  return (
    <Modal
      open
      width={760}
      title={t("grade.edit")}
      onCancel={() => {
        onDone(false);
      }}
      onOk={() => void save()}
      okText={t("grade.save")}
      cancelText={common("cancel")}
      okButtonProps={{ disabled: decides && !reason.trim() }}
    >
      <div className="grade-form" data-testid="grade-dialog">
        <h4>{t("grade.facts")}</h4>
        <div className="grade-facts">
          {names.map(({ fact, ...name }) => (
            <label key={fact}>
              <span className="quiet">{pick(name, "name", language)}</span>
              <InputNumber<number>
                min={0}
                name={fact}
                style={{ width: "100%" }}
                {...(grade.facts[fact] === undefined ? {} : { defaultValue: grade.facts[fact] })}
                onChange={(value) => {
                  setFacts((before) => ({ ...before, [fact]: value }));
                }}
              />
            </label>
          ))}
        </div>
        <Choose label={t("grade.category")} value={picked.category ?? ""} options={categories(language)} onPick={set("category")} />
        <Choose label={t("grade.level")} value={picked.level ?? ""} options={levels(language)} onPick={set("level")} />
        <Choose label={t("grade.reporting")} value={picked.reporting ?? ""} options={levels(language)} onPick={set("reporting")} />
        <Choose label={t("grade.track")} value={picked.track ?? ""} options={tracks(t)} onPick={set("track")} />
        {grade.decision.determined_at !== null && grade.decision.reported_at === null && (
          <label>
            <input
              type="checkbox"
              checked={reported}
              onChange={(event) => {
                setReported(event.target.checked);
              }}
            />{" "}
            {t("grade.reportedNow")}
          </label>
        )}
        <label>
          <span className="quiet">{t("grade.reason")}</span>
          <Input.TextArea
            rows={2}
            maxLength={2000}
            value={reason}
            onChange={(event) => {
              setReason(event.target.value);
            }}
          />
        </label>
      </div>
    </Modal>
  );
}

/** Facts with their names: those still missing, and those already given, which may be corrected. */
function gradeFacts(grade: Schemas["Grade"]): Schemas["Missing"][] {
  const given = Object.keys(grade.facts)
    .filter((fact) => !grade.proposal.missing.some((one) => one.fact === fact))
    .map((fact) => ({ fact: fact as Fact, ...(grade.fact_names[fact] ?? { name_zh: fact, name_en: fact }) }));
  return [...given, ...grade.proposal.missing];
}
