import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, take, type Schemas } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { number, time } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";

export function TimelineList({ id }: { id: string }): ReactNode {
  const { t, language } = useTexts("incidents");
  const timeline = useQuery({
    queryKey: ["incident", id, "timeline"],
    queryFn: () => take(api.GET("/api/v1/incidents/{incident_id}/timeline", { params: { path: { incident_id: id } } })),
  });
  if (timeline.isPending) return <Loading />;
  if (timeline.isError) return <Failure error={timeline.error} />;
  return (
    <ol className="timeline" data-testid="timeline">
      {timeline.data.items.map((entry, index) => (
        <li key={`${entry.at}-${entry.kind}-${entry.meta_id || index}`} className={`timeline-${entry.kind}`}>
          <time className="number quiet">{time(entry.at)}</time>
          <span className="timeline-kind">{t(`timelineKind.${entry.kind}`)}</span>
          <span>
            {pick(entry, "title", language)}
            {entry.count > 1 && <span className="number quiet"> ×{number(entry.count, language)}</span>}
            {entry.attacker && (
              <span className="mono quiet">
                {" "}
                {entry.attacker} → {entry.victim || "–"}
              </span>
            )}
            {entry.actor && <span className="quiet"> {entry.actor}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}

function useHistory(id: string) {
  return useQuery({
    queryKey: ["incident", id, "history"],
    queryFn: () => take(api.GET("/api/v1/incidents/{incident_id}/history", { params: { path: { incident_id: id } } })),
  });
}

export function Notes({ id }: { id: string }): ReactNode {
  const { t } = useTexts("incidents");
  const history = useHistory(id);
  const notes = history.data?.items.filter((entry) => entry.action === "note") ?? [];
  if (notes.length === 0) return <p className="quiet">{t("note.empty")}</p>;
  return (
    <ul className="notes">
      {notes.map((entry) => (
        <li key={entry.seq}>
          <p>{entry.note}</p>
          <span className="quiet">
            {entry.actor_name || entry.actor} · {time(entry.at)}
          </span>
        </li>
      ))}
    </ul>
  );
}

type Entry = Schemas["HistoryEntry"];

function useChangeText(): (entry: Entry) => string {
  const { t } = useTexts("incidents");
  const { t: common } = useTexts("common");
  const value = (name: string, raw: unknown): string => {
    const text = typeof raw === "string" ? raw : JSON.stringify(raw);
    if (name === "status" && text) return common(`status.${text}`);
    if (name === "verdict") return common(`verdict.${text || "none"}`);
    return text || "–";
  };
  return (entry) =>
    Object.entries(entry.after)
      .filter(([name]) => ["status", "verdict", "owner", "verdict_reason"].includes(name))
      .map(([name, after]) => `${t(`action.${name}`)} ${value(name, entry.before[name] ?? "")} → ${value(name, after)}`)
      .join("；");
}

export function History({ id }: { id: string }): ReactNode {
  const { t } = useTexts("incidents");
  const history = useHistory(id);
  const words = useChangeText();
  if (history.isPending) return <Loading />;
  if (history.isError) return <Failure error={history.error} />;
  const shown = history.data.items.filter((entry) => entry.action !== "note");
  return (
    <ul className="history" data-testid="history">
      {shown.map((entry) => (
        <li key={entry.seq}>
          <time className="number quiet">{time(entry.at)}</time> <strong>{entry.actor_name || entry.actor}</strong>{" "}
          {["merge", "split", "grade", "undo"].includes(entry.action) && t(`timelineKind.${entry.action}`)} {words(entry)}
          {entry.note && <span className="quiet"> {entry.note}</span>}
        </li>
      ))}
    </ul>
  );
}
