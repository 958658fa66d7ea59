/** The meta-alerts of an incident, each with the reason it joined, down to the raw line. */
import { useQuery } from "@tanstack/react-query";
import { App, Button, Checkbox } from "antd";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { Severity } from "../../components/marks";
import { Failure, Loading } from "../../components/States";
import { number, time } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { EventMark } from "../intel/EventMark";
import { firedNames } from "../rules/fired";
import { Record as MarkedRecord, RuleMark } from "../rules/RuleMark";
import { keyFields, searchFor } from "../search/fields";

type Meta = Schemas["MetaAlert"];
type Join = Schemas["JoinReason"];

function JoinReason({ join }: { join: Join | null }): ReactNode {
  const { t, language } = useTexts("incidents");
  if (!join) return null;
  const opened = join.entities.length === 0 && join.score === 0;
  return (
    <div className="join" data-testid="join-reason">
      <h4>{t("joined")}</h4>
      <p>{pick(join, "text", language) || t("opened")}</p>
      {!opened && (
        <>
          <p className="quiet number">
            {t("joinScore", { score: number(join.score, language, 2) })} ={" "}
            {t("joinParts", {
              weight: number(join.weight, language, 2),
              stage: number(join.stage_factor, language, 2),
              risk: number(join.risk_factor, language, 2),
            })}
          </p>
          <ul className="chips" aria-label={t("shared")}>
            {join.entities.map((entity) => (
              <li key={`${entity.kind}:${entity.value}`}>
                <span className="quiet">{t(`entityKind.${entity.kind}`)}</span> <span className="mono">{entity.value}</span>{" "}
                <span className="quiet number">{t("entityWeight", { weight: number(entity.weight, language, 2) })}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

type Event = Record<string, unknown>;

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function EvidenceEvent({ event }: { event: Event }): ReactNode {
  const { t } = useTexts("incidents");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const original = text(event["event.original"] ?? "");
  const fired = firedNames(event);
  return (
    <div className="evidence-event">
      <RuleMark event={event} />
      <EventMark event={event} />
      <dl className="evidence-fields">
        {keyFields(event).map(([name, value]) => (
          <div key={name}>
            <dt className={fired.has(name) ? "mono fired-row" : "mono"}>{name}</dt>
            <dd className="mono">
              <Link to={searchFor(name, value)} title={t("searchThis")}>
                {text(value)}
              </Link>
            </dd>
          </div>
        ))}
      </dl>
      <div className="evidence-original">
        <div className="row">
          <span className="quiet grow">{t("original")}</span>
          <Button
            size="small"
            type="text"
            onClick={() => {
              void navigator.clipboard.writeText(original).then(() => message.success(common("copied")));
            }}
          >
            {common("copy")}
          </Button>
        </div>
        <pre className="mono" data-testid="original" tabIndex={0}>
          <MarkedRecord text={original} event={event} />
        </pre>
      </div>
    </div>
  );
}

function Evidence({ id }: { id: string }): ReactNode {
  const { t } = useTexts("incidents");
  const evidence = useQuery({
    queryKey: ["evidence", id],
    queryFn: () => take(api.GET("/api/v1/meta-alerts/{meta_id}/events", { params: { path: { meta_id: id } } })),
  });
  if (evidence.isPending) return <Loading />;
  if (evidence.isError) return <Failure error={evidence.error} />;
  return (
    <div className="evidence">
      {evidence.data.missing > 0 && <p className="quiet">{t("evidenceMissing", { count: evidence.data.missing })}</p>}
      {evidence.data.items.map((event) => (
        <EvidenceEvent key={text(event["event.id"])} event={event} />
      ))}
    </div>
  );
}

const CHANGES = ["severity", "outcome", "rule", "entity"] as const;

/** Whether all its alerts say the same, or its state became new, and how. */
function modeText(meta: Meta, t: (key: string, values?: Record<string, unknown>) => string): string {
  if (meta.mode === "identical") return t("mode.identical", { count: meta.count });
  const parts = CHANGES.filter((kind) => meta.changes[kind] > 0).map((kind) => t(`mode.${kind}`, { count: meta.changes[kind] }));
  return t("mode.changed", { how: parts.join(t("mode.and")) });
}

interface RowProps {
  meta: Meta;
  picked: boolean;
  onPick: ((picked: boolean) => void) | undefined;
}

function MetaRow({ meta, picked, onPick }: RowProps): ReactNode {
  const { t, language } = useTexts("incidents");
  const { t: common } = useTexts("common");
  const [open, setOpen] = useState(false);
  const [raw, setRaw] = useState(false);
  const technique = pick(meta, "technique", language) || meta.technique;
  return (
    <li className="meta">
      <div className="meta-line">
        {onPick && (
          <Checkbox
            checked={picked}
            aria-label={meta.name}
            onChange={(event) => {
              onPick(event.target.checked);
            }}
          />
        )}
        <button
          type="button"
          className="link-button meta-open"
          aria-expanded={open}
          data-testid="meta-open"
          onClick={() => {
            setOpen(!open);
          }}
        >
          <span aria-hidden="true">{open ? "▾" : "▸"}</span> {meta.name}
        </button>
        <Severity level={meta.severity_level} />
        <span className="number">×{number(meta.count, language)}</span>
        <span className="quiet ellipsis">
          {meta.technique} {technique}
        </span>
        <span className="mono meta-pair ellipsis">
          {meta.attacker || "–"} → {meta.victim || "–"}
        </span>
        <span className="quiet number meta-time">{time(meta.first_seen).slice(5)}</span>
      </div>
      {open && (
        <div className="meta-body">
          <JoinReason join={meta.join} />
          <p data-testid="meta-mode">{modeText(meta, t)}</p>
          <p className="quiet">
            {t("outcome")} {common(`outcome.${meta.outcome as "unknown"}`)} · {t("products")} {meta.products.join(", ")} · {t("rules")}{" "}
            {meta.rules.map((rule) => `${rule.name} ×${rule.count}`).join(", ")}
          </p>
          <Button
            size="small"
            data-testid="evidence-open"
            onClick={() => {
              setRaw(!raw);
            }}
          >
            {t("evidence")} ({meta.evidence_count})
          </Button>
          {raw && <Evidence id={meta.id} />}
        </div>
      )}
    </li>
  );
}

interface Props {
  id: string;
  picked: readonly string[];
  onPick: ((ids: readonly string[]) => void) | undefined;
}

export function MetaAlerts({ id, picked, onPick }: Props): ReactNode {
  const { t } = useTexts("incidents");
  const metas = useQuery({
    queryKey: ["incident", id, "metas"],
    queryFn: () => take(api.GET("/api/v1/incidents/{incident_id}/meta-alerts", { params: { path: { incident_id: id } } })),
  });
  if (metas.isPending) return <Loading />;
  if (metas.isError) return <Failure error={metas.error} />;
  return (
    <ul className="metas" aria-label={t("joined")} data-testid="metas">
      {metas.data.items.map((meta) => (
        <MetaRow
          key={meta.id}
          meta={meta}
          picked={picked.includes(meta.id)}
          onPick={
            onPick &&
            ((on) => {
              onPick(on ? [...picked, meta.id] : picked.filter((one) => one !== meta.id));
            })
          }
        />
      ))}
    </ul>
  );
}
