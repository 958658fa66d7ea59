/** One incident whole: as the pane beside the queue (`compact`) and as a page of its own. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Severity, Status, Verdict } from "../../components/marks";
import { Failure, Loading } from "../../components/States";
import { number, percent, time } from "../../format";
import { nameOf, pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useLive } from "../../live";
import { useSession, useSignedIn } from "../../session";
import { CloseDialog, StatusDialog, TextDialog } from "./Dialogs";
import { SuppressButton } from "../tuning/SuppressButton";
import { Due } from "./Due";
import { GradeBlock } from "./Grade";
import { Entities, Related } from "./Around";
import { IncidentCampaigns } from "./Campaigns";
import { IncidentIntel } from "../intel/IncidentIntel";
import { IncidentRules } from "../rules/IncidentRules";
import { History, Notes, TimelineList } from "./Chronicle";
import { EntityGraph } from "./EntityGraph";
import { MetaAlerts } from "./MetaAlerts";
import { Reasons, Stages } from "./Why";
import "./incident.css";

type Detail = Schemas["IncidentDetail"];
type Change = Partial<Schemas["IncidentChange"]>;
type Dialog = "close" | "status" | "note" | "split" | null;

interface Props {
  id: string;
  compact: boolean;
  onChanged: () => void;
}

function Facts({ incident, now }: { incident: Detail; now: number }): ReactNode {
  const { t, language } = useTexts("incidents");
  const { t: common } = useTexts("common");
  const { may } = useSession();
  return (
    <dl className="facts">
      <dt>{t("enterprise")}</dt>
      <dd>
        <Link to={`/enterprises/${incident.enterprise.id}`}>{nameOf(incident.enterprise, language)}</Link>
      </dd>
      <dt>{t("region")}</dt>
      <dd>
        {may("overview.read") ? (
          <Link to={`/overview/${incident.region.code}`}>{nameOf(incident.region, language)}</Link>
        ) : (
          nameOf(incident.region, language)
        )}
      </dd>
      <dt>{t("owner")}</dt>
      <dd>{incident.owner_name || incident.owner || t("nobody")}</dd>
      <dt>{t("column.clock")}</dt>
      <dd>
        <Due deadlines={incident.deadlines} now={now} />
      </dd>
      <dt>{t("first")}</dt>
      <dd className="number">{time(incident.first_seen)}</dd>
      <dt>{t("last")}</dt>
      <dd className="number">{time(incident.last_seen)}</dd>
      <dt>{t("outcome")}</dt>
      <dd>{common(`outcome.${incident.outcome}`)}</dd>
      <dt>{t("criticality")}</dt>
      <dd>{percent(incident.asset_criticality, language)}</dd>
      <dt>{t("alerts")}</dt>
      <dd className="number">{number(incident.alert_count, language)}</dd>
    </dl>
  );
}

function useChanges(id: string, onChanged: () => void) {
  const { t: common } = useTexts("common");
  const { t } = useTexts("incidents");
  const { message } = App.useApp();
  const queries = useQueryClient();
  const reload = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: ["incident", id] });
    onChanged();
  };
  /** Says what went wrong and loads the newest, so that the next try starts from what is true. */
  const attempt = async (action: () => Promise<unknown>): Promise<boolean> => {
    try {
      await action();
      await reload();
      return true;
    } catch (error) {
      const refused = error instanceof ApiError;
      const conflict = refused && (error.status === 409 || error.status === 412);
      void message.error(conflict ? t("conflictOf", { detail: error.message }) : refused ? error.message : common("unreachable"));
      await reload();
      return false;
    }
  };
  return attempt;
}

function etag(incident: Detail): string {
  return `"${incident.version}"`;
}

export function IncidentView({ id, compact, onChanged }: Props): ReactNode {
  const { t, language } = useTexts("incidents");
  const { may } = useSession();
  const { login } = useSignedIn();
  const [dialog, setDialog] = useState<Dialog>(null);
  const [picked, setPicked] = useState<readonly string[]>([]);
  const [stale, setStale] = useState(false);
  const [correction, setCorrection] = useState("");
  const [splitOff, setSplitOff] = useState("");
  const [now] = useState(() => Date.now() / 1000);
  const path = { incident_id: id };
  const query = useQuery({
    queryKey: ["incident", id],
    queryFn: () => take(api.GET("/api/v1/incidents/{incident_id}", { params: { path } })),
  });
  const attempt = useChanges(id, onChanged);
  useLive(["incident"], (change) => {
    if (change.id === id) setStale(true);
  });

  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const incident = query.data;
  const mayWrite = may("incidents.write") && !incident.merged_into;
  const patch = async (change: Change): Promise<void> => {
    setDialog(null);
    await attempt(() =>
      take(
        api.PATCH("/api/v1/incidents/{incident_id}", {
          params: { path, header: { "If-Match": etag(incident) } },
          body: change,
        }),
      ),
    );
  };
  const note = async (text: string): Promise<void> => {
    setDialog(null);
    await attempt(() => take(api.POST("/api/v1/incidents/{incident_id}/notes", { params: { path }, body: { text } })));
  };
  const merge = (ids: readonly string[]): Promise<boolean> =>
    attempt(async () => {
      const merged = await take(
        api.POST("/api/v1/incidents/{incident_id}/merge", {
          params: { path, header: { "If-Match": etag(incident) } },
          body: { incident_ids: [...ids], reason: "" },
        }),
      );
      setCorrection(merged.bulk_id);
    });
  const undo = async (): Promise<void> => {
    const done = await attempt(() => take(api.POST("/api/v1/incidents/undo", { body: { bulk_id: correction } })));
    if (done) setCorrection("");
  };
  const split = async (reason: string): Promise<void> => {
    setDialog(null);
    let made = "";
    const done = await attempt(async () => {
      const result = await take(
        api.POST("/api/v1/incidents/{incident_id}/split", {
          params: { path, header: { "If-Match": etag(incident) } },
          body: { meta_ids: [...picked], reason },
        }),
      );
      setCorrection(result.bulk_id);
      made = result.new_incident.id;
    });
    setPicked([]);
    if (done) setSplitOff(made);
  };
  const heading = <span data-testid="incident-title">{pick(incident, "title", language)}</span>;
  return (
    <article className={compact ? "incident compact" : "incident"} data-testid="incident">
      <header className="incident-head">
        {compact ? <h2>{heading}</h2> : <h1>{heading}</h1>}
        <div className="row">
          <Severity level={incident.severity_level} />
          <Status status={incident.status} />
          <Verdict verdict={incident.verdict} />
          <span className="quiet mono incident-id">{incident.id}</span>
          {compact && <Link to={`/incidents/${incident.id}`}>{t("act.page")}</Link>}
          {stale && (
            <button
              type="button"
              className="pill"
              onClick={() => {
                setStale(false);
                void query.refetch();
              }}
            >
              ↻
            </button>
          )}
        </div>
        {incident.merged_into && (
          <p>
            {t("mergedInto")} <Link to={`/incidents/${incident.merged_into}`}>{incident.merged_into}</Link>
          </p>
        )}
        <div className="row incident-actions">
          {mayWrite && (
            <>
              <Button size="small" onClick={() => void patch({ owner: incident.owner === login ? "" : login })} data-testid="assign">
                {t(incident.owner === login ? "act.release" : "act.assign")}
              </Button>
              <Button
                size="small"
                onClick={() => {
                  setDialog("status");
                }}
              >
                {t("act.status")}
              </Button>
              <Button
                size="small"
                type="primary"
                data-testid="judge"
                onClick={() => {
                  setDialog("close");
                }}
              >
                {t("act.close")}
              </Button>
            </>
          )}
          {mayWrite && <SuppressButton incidentId={id} withKey={!compact} />}
          {may("notes.write") && (
            <Button
              size="small"
              onClick={() => {
                setDialog("note");
              }}
            >
              {t("act.note")}
            </Button>
          )}
          {correction && (
            <>
              <Button size="small" onClick={() => void undo()} data-testid="undo-correction">
                {t("act.undo")}
              </Button>
              {splitOff && <Link to={`/incidents/${splitOff}`}>{t("act.splitOff")}</Link>}
            </>
          )}
          {mayWrite && picked.length > 0 && (
            <Button
              size="small"
              onClick={() => {
                setDialog("split");
              }}
            >
              {t("act.split")} ({picked.length})
            </Button>
          )}
        </div>
      </header>
      <div className="incident-body">
        <section className="incident-why">
          <h3>{t("why")}</h3>
          <Reasons incident={incident} />
        </section>
        <section className="incident-facts">
          <h3>{t("facts")}</h3>
          <Facts incident={incident} now={now} />
        </section>
        <IncidentRules id={id} />
        <IncidentIntel id={id} />
        <IncidentCampaigns rows={incident.campaigns} />
        <GradeBlock incident={incident} onChanged={() => void attempt(() => Promise.resolve())} />
        <section className="incident-wide">
          <h3>{t("stages")}</h3>
          <Stages stages={incident.stages} />
        </section>
        {!compact && (
          <section className="incident-wide">
            <h3>{t("graph.title")}</h3>
            <EntityGraph id={id} />
          </section>
        )}
        <section className="incident-wide">
          <h3>{t("metas", { count: incident.meta_count })}</h3>
          <MetaAlerts id={id} picked={picked} onPick={mayWrite ? setPicked : undefined} />
        </section>
        <section className="incident-wide">
          <h3>{t("timeline")}</h3>
          <TimelineList id={id} />
        </section>
        <section>
          <h3>{t("entities")}</h3>
          <Entities entities={incident.entities} />
        </section>
        <section>
          <h3>{t("related")}</h3>
          <Related rows={incident.related} onMerge={mayWrite ? (other) => void merge([other]) : undefined} />
        </section>
        <section className="incident-wide">
          <h3>{t("note.title")}</h3>
          <Notes id={id} />
          <h3>{t("history")}</h3>
          <History id={id} />
        </section>
      </div>
      <CloseDialog
        open={dialog === "close"}
        count={1}
        onCancel={() => {
          setDialog(null);
        }}
        onClose={(verdict, reason) => void patch({ status: "closed", verdict, verdict_reason: reason })}
      />
      <StatusDialog
        open={dialog === "status"}
        count={1}
        onCancel={() => {
          setDialog(null);
        }}
        onPick={(status) => void patch({ status })}
      />
      <TextDialog
        open={dialog === "note" || dialog === "split"}
        title={dialog === "split" ? t("splitTitle", { count: picked.length }) : t("act.note")}
        onCancel={() => {
          setDialog(null);
        }}
        onSave={(text) => void (dialog === "split" ? split(text) : note(text))}
      />
    </article>
  );
}
