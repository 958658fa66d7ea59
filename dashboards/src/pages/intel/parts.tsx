/** Marks of an indicator that every screen shows the same way: in words, and without the colours of warnings. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "../../api/client";
import { number, time } from "../../format";
import { useTexts } from "../../i18n/use";
import "./intel.css";

type State = Schemas["IntelIndicator"]["state"];

export const KINDS = ["ip", "cidr", "domain", "url", "hash", "ja3", "ja4", "certificate", "serial", "email"] as const;
export const STATES = ["active", "waiting", "expired", "withdrawn", "dismissed", "warned"] as const;
const PURPOSES = ["sinkhole", "benign", "c2", "mining", "ransomware", "phishing", "delivery", "exfiltration", "scanner", "anonymizer", "malware"] as const;

export function Tlp({ level }: { level: string }): ReactNode {
  return level ? <span className="tlp">TLP:{level.toUpperCase()}</span> : null;
}

export function StateMark({ state }: { state: State }): ReactNode {
  const { t } = useTexts("intel");
  return <span className={state === "active" ? "status" : "status quiet"}>{t(`states.${state}`)}</span>;
}

export function Purpose({ purpose }: { purpose: string }): ReactNode {
  const { t } = useTexts("intel");
  const known = PURPOSES.find((one) => one === purpose);
  return <span className={known ? "" : "quiet"}>{t(`purposes.${known ?? "none"}`)}</span>;
}

export function Until({ at }: { at: number | null }): ReactNode {
  const { t } = useTexts("intel");
  return at === null ? <span className="quiet">{t("indicator.forever")}</span> : <span className="number">{time(at)}</span>;
}

/** The events that hold an indicator. */
export function eventsOf(id: string): string {
  return `/search?q=${encodeURIComponent(`taishi.intel.id:"${id}"`)}`;
}

interface Said {
  id: string;
  value: string;
  feed: string;
  confidence: number;
  tlp: string;
  purpose: string;
  until: number | null;
  state?: State | null;
  retro?: boolean;
  events?: number;
}

/** One indicator in a line: what, from whom, how sure, how far it may be told, and until when. */
export function IndicatorLine({ said, open }: { said: Said; open: boolean }): ReactNode {
  const { t, language } = useTexts("intel");
  return (
    <span className="indicator-line">
      {open ? (
        <Link className="mono" to={`/intel/${said.id}`}>
          {said.value}
        </Link>
      ) : (
        <span className="mono">{said.value}</span>
      )}{" "}
      {said.feed && (
        <>
          <Purpose purpose={said.purpose} />{" "}
          <span className="quiet">
            {t("indicator.feed")} {said.feed} · {t("indicator.confidence")} {number(said.confidence, language)} · {t("indicator.until")}
          </span>{" "}
          <Until at={said.until} /> <Tlp level={said.tlp} />
        </>
      )}{" "}
      {said.state && <StateMark state={said.state} />}{" "}
      {said.retro && (
        <span className="status" title={t("sighting.retroAbout")}>
          {t("sighting.retro")}
        </span>
      )}{" "}
      {said.events !== undefined && (
        <Link to={eventsOf(said.id)}>
          {t("sighting.count")} {number(said.events, language)}
        </Link>
      )}
    </span>
  );
}
