/** Hide noise for a time: prefilled from an alert, with a preview that counts as you choose. */
import { keepPreviousData, skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox, Input, Modal } from "antd";
import { useState, type ReactNode } from "react";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { number } from "../../format";
import { nameOf, pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import "./tuning.css";

type Draft = Schemas["Draft"];
type Field = Draft["suggested"][number];
type Request = Schemas["PreviewRequest"];

const DAYS = [1, 7, 30, 90] as const;
const DAY = 86_400;

function Preview({ request }: { request: Request | null }): ReactNode {
  const { t, language } = useTexts("feedback");
  const preview = useQuery({
    queryKey: ["suppression-preview", request],
    queryFn: request ? () => take(api.POST("/api/v1/suppressions/preview", { body: request })) : skipToken,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  if (request === null) return <p className="quiet">{t("suppress.nothingChosen")}</p>;
  if (preview.isError) return <Failure error={preview.error} />;
  if (preview.isPending) return <Loading />;
  const found = preview.data;
  return (
    <p className="suppress-preview" role="status" data-testid="suppress-preview" data-alerts={found.alerts}>
      {t(found.complete ? "suppress.would" : "suppress.wouldAtLeast", {
        days: found.days,
        alerts: number(found.alerts, language),
        metas: number(found.meta_alerts, language),
        incidents: number(found.incidents, language),
      })}
    </p>
  );
}

interface FormProps {
  draft: Draft;
  onMeta: (id: string) => void;
  onDone: (made: boolean) => void;
}

function Form({ draft, onMeta, onDone }: FormProps): ReactNode {
  const { t, language } = useTexts("feedback");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [fields, setFields] = useState<readonly Field[]>(draft.suggested);
  const [place, setPlace] = useState(0);
  const [days, setDays] = useState<number>();
  const [reason, setReason] = useState("");
  const known = Object.keys(draft.condition) as Field[];
  const extent = draft.extents[place];
  const condition = Object.fromEntries(known.filter((field) => fields.includes(field)).map((field) => [field, draft.condition[field]]));
  const request: Request | null =
    extent && Object.keys(condition).length > 0
      ? { meta_id: draft.meta_id, extent: extent.extent, region: extent.region, condition: condition as Request["condition"] }
      : null;
  const ready = request !== null && days !== undefined && reason.trim().length >= 3;
  const save = async (): Promise<void> => {
    if (!ready) return;
    try {
      await take(
        api.POST("/api/v1/suppressions", {
          body: { ...request, expires_at: Date.now() / 1000 + days * DAY, reason: reason.trim() },
        }),
      );
      await queries.invalidateQueries({ queryKey: ["suppressions"] });
      void message.success(t("suppress.made"));
      onDone(true);
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
  return (
    <form
      className="suppress-form"
      data-testid="suppress-dialog"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <p className="quiet">{t("suppress.never", { severity: draft.seen_severity })}</p>
      {draft.metas.length > 1 && (
        <label>
          <span className="quiet">{t("suppress.alert")}</span>
          <select
            value={draft.meta_id}
            onChange={(event) => {
              onMeta(event.target.value);
            }}
          >
            {draft.metas.map((meta) => (
              <option key={meta.id} value={meta.id}>
                {meta.name} × {number(meta.count, language)}
              </option>
            ))}
          </select>
        </label>
      )}
      <fieldset>
        <legend>{t("suppress.condition")}</legend>
        {known.map((field) => (
          <div key={field}>
            <Checkbox
              checked={fields.includes(field)}
              onChange={(event) => {
                setFields(event.target.checked ? [...fields, field] : fields.filter((one) => one !== field));
              }}
            >
              {t(`field.${field}`)} <span className="mono">{draft.condition[field]}</span>
            </Checkbox>
          </div>
        ))}
      </fieldset>
      <label>
        <span className="quiet">{t("suppress.extent")}</span>
        <select
          value={place}
          data-testid="suppress-extent"
          onChange={(event) => {
            setPlace(Number(event.target.value));
          }}
        >
          {draft.extents.map((one, index) => (
            <option key={`${one.extent}-${one.region}`} value={index}>
              {t(`extent.${one.extent}`)}：{pick(one, "name", language)}
            </option>
          ))}
        </select>
      </label>
      <div role="group" aria-label={t("suppress.expiry")}>
        <span className="quiet">{t("suppress.expiry")}</span>{" "}
        {DAYS.filter((one) => one <= draft.longest_days).map((one) => (
          <Button
            key={one}
            size="small"
            htmlType="button"
            type={one === days ? "primary" : "default"}
            aria-pressed={one === days}
            data-days={one}
            onClick={() => {
              setDays(one);
            }}
          >
            {t("suppress.days", { count: one })}
          </Button>
        ))}
      </div>
      <label>
        <span className="quiet">{t("suppress.reason")}</span>
        <Input.TextArea
          rows={2}
          maxLength={2000}
          value={reason}
          data-testid="suppress-reason"
          onChange={(event) => {
            setReason(event.target.value);
          }}
        />
      </label>
      <Preview request={request} />
      <div className="row">
        <Button type="primary" htmlType="submit" disabled={!ready} data-testid="suppress-save">
          {t("suppress.save")}
        </Button>
        <Button
          htmlType="button"
          onClick={() => {
            onDone(false);
          }}
        >
          {common("cancel")}
        </Button>
        <span className="quiet">{nameOf(draft.enterprise, language)}</span>
      </div>
    </form>
  );
}

interface Props {
  incidentId: string;
  onDone: (made: boolean) => void;
}

export function SuppressDialog({ incidentId, onDone }: Props): ReactNode {
  const { t } = useTexts("feedback");
  const [meta, setMeta] = useState("");
  const draft = useQuery({
    queryKey: ["suppression-draft", incidentId, meta],
    queryFn: () =>
      take(api.GET("/api/v1/suppressions/draft", { params: { query: meta ? { meta_id: meta } : { incident_id: incidentId } } })),
    placeholderData: keepPreviousData,
  });
  const first = useQuery({
    queryKey: ["suppression-draft", incidentId, ""],
    queryFn: () => take(api.GET("/api/v1/suppressions/draft", { params: { query: { incident_id: incidentId } } })),
  });
  return (
    <Modal
      open
      width={680}
      footer={null}
      title={t("suppress.title")}
      onCancel={() => {
        onDone(false);
      }}
    >
      {draft.isPending && <Loading />}
      {draft.isError && <Failure error={draft.error} />}
      {draft.data && (
        <Form
          key={draft.data.meta_id}
          draft={{ ...draft.data, metas: first.data?.metas ?? draft.data.metas }}
          onMeta={setMeta}
          onDone={onDone}
        />
      )}
    </Modal>
  );
}
