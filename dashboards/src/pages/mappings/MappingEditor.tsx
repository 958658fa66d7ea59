/** A mapping written against pasted records: what the collectors would make of them is shown while one writes. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Input } from "antd";
import { useState, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure } from "../../components/States";
import { useSettled } from "../../components/useSettled";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { Constants, Keys } from "./Keys";
import "./mappings.css";
import { Options } from "./Options";
import { emptySpec, type Spec } from "./spec";
import { Tried } from "./Tried";

type Detail = Schemas["MappingDetail"];

function useMessage(): (error: unknown) => void {
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  return (error) => void message.error(error instanceof ApiError ? error.message : common("unreachable"));
}

function Preview({ tried }: { tried: Schemas["MappingTrial"] }): ReactNode {
  const { t } = useTexts("mappings");
  if (tried.problems.length === 0) return <Tried result={tried} />;
  return (
    <div role="status" data-testid="mapping-problems">
      <strong>{t("problems")}</strong>
      <ul>
        {tried.problems.map((one) => (
          <li key={one.location + one.message}>
            <span className="mono">{one.location}</span> {one.message}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Asks for a first mapping of the samples; says what came of it. */
function useDraft(onDraft: (spec: Spec) => void): { said: string; draft: (sample: string) => Promise<void> } {
  const { t } = useTexts("mappings");
  const [said, setSaid] = useState("");
  const failed = useMessage();
  const draft = async (sample: string): Promise<void> => {
    try {
      const found = await take(api.POST("/api/v1/parser-mappings/draft", { body: { sample } }));
      setSaid(found.parser ? t("known", { parser: found.parser }) : found.spec ? "" : t("noDraft"));
      if (found.spec) onDraft(found.spec);
    } catch (error) {
      failed(error);
    }
  };
  return { said, draft };
}

export function MappingEditor({ mapping }: { mapping?: Detail }): ReactNode {
  const { t } = useTexts("mappings");
  const { message } = App.useApp();
  const { may } = useSession();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const failed = useMessage();
  const [name, setName] = useState(mapping?.name ?? "");
  const [product, setProduct] = useState(mapping?.product ?? "");
  const [sample, setSample] = useState(mapping?.sample ?? "");
  const [spec, setSpec] = useState<Spec>(mapping?.spec ?? emptySpec("json"));
  const [note, setNote] = useState("");
  const { said, draft } = useDraft(setSpec);
  const asked = useSettled(JSON.stringify({ sample, spec: shown(spec) }));
  const tried = useQuery({
    queryKey: ["mapping-trial", asked],
    queryFn: () => take(api.POST("/api/v1/parser-mappings/trial", { body: { ...(JSON.parse(asked) as { sample: string; spec: Record<string, unknown> }), timezone: "Asia/Shanghai" } })),
    placeholderData: keepPreviousData,
    enabled: sample.trim() !== "",
  });
  const targets = useQuery({ queryKey: ["mapping-targets"], queryFn: () => take(api.GET("/api/v1/parser-mappings/targets")), staleTime: Infinity });
  const save = async (): Promise<void> => {
    const body = { name: name.trim(), product: product.trim(), sample, note: note.trim(), spec: { ...spec } };
    try {
      const kept = await take(
        mapping
          ? api.PUT("/api/v1/parser-mappings/{mapping_id}", {
              params: { path: { mapping_id: mapping.id }, header: { "If-Match": `"${String(mapping.version)}"` } }, body,
            })
          : api.POST("/api/v1/parser-mappings", { body }),
      );
      void message.success(t("saved"));
      await queries.invalidateQueries({ queryKey: ["mappings"] });
      await queries.invalidateQueries({ queryKey: ["mapping", kept.id] });
      void navigate(`/mappings/${kept.id}`);
    } catch (error) {
      failed(error);
    }
  };
  const ready = name.trim() !== "" && spec.fields.length > 0 && tried.data?.problems.length === 0;
  return (
    <div className="mapping-columns">
      <section className="card">
        <div className="row">
          <Input style={{ maxWidth: 260 }} maxLength={120} value={name} placeholder={t("name")} aria-label={t("name")} data-testid="mapping-name" onChange={(event) => { setName(event.target.value); }} />
          <Input style={{ maxWidth: 260 }} maxLength={120} value={product} placeholder={t("product")} aria-label={t("product")} onChange={(event) => { setProduct(event.target.value); }} />
        </div>
        <h2>{t("samples")}</h2>
        <p className="quiet">{t("samplesHow")}</p>
        <Input.TextArea
          className="mono"
          autoSize={{ minRows: 4, maxRows: 12 }}
          maxLength={65_536}
          spellCheck={false}
          value={sample}
          aria-label={t("samples")}
          data-testid="mapping-sample"
          onChange={(event) => { setSample(event.target.value); }}
        />
        <div className="row">
          <Button disabled={sample.trim() === ""} data-testid="mapping-draft" onClick={() => void draft(sample)}>{t("draft")}</Button>
        </div>
        {said && <Alert type="info" showIcon title={said} role="status" />}
        <Options spec={spec} onChange={setSpec} />
        <h2>{t("keys")}</h2>
        <Keys spec={spec} keys={tried.data?.keys ?? []} targets={targets.data?.items ?? []} onChange={setSpec} />
        <Constants spec={spec} targets={targets.data?.items ?? []} onChange={setSpec} />
        {may("mappings.write") && (
          <div className="row">
            <Input style={{ maxWidth: 320 }} maxLength={1000} value={note} placeholder={t("note")} aria-label={t("note")} onChange={(event) => { setNote(event.target.value); }} />
            <Button type="primary" disabled={!ready} data-testid="mapping-save" onClick={() => void save()}>{t("save")}</Button>
          </div>
        )}
      </section>
      <section className="card" aria-label={t("preview")}>
        <h2>{t("preview")}</h2>
        {tried.isError && <Failure error={tried.error} />}
        {tried.data && <Preview tried={tried.data} />}
      </section>
    </div>
  );
}

/** What is tried: a mapping needs a field, so the keys of one without any are asked for through a stand-in. */
function shown(spec: Spec): Spec {
  return spec.fields.length > 0 ? spec : { ...spec, fields: [{ key: "message", to: "message", reading: "auto", only_table: false }] };
}

export default function NewMapping(): ReactNode {
  const { t } = useTexts("mappings");
  return (
    <div>
      <header className="page-head">
        <h1>{t("create")}</h1>
      </header>
      <p className="quiet">{t("about")}</p>
      <MappingEditor />
    </div>
  );
}
