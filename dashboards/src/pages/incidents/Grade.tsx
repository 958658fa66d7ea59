/** The two gradings of an incident: what is proposed and why, what was decided, and the limits that run. */
import { Button } from "antd";
import { useEffect, useState, type ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { span, time } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { GradeDialog } from "./GradeDialog";
import "./grade.css";

type Detail = Schemas["IncidentDetail"];
type Named = Schemas["Named"];
type Countdown = Schemas["Countdown"];

function useNow(): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = window.setInterval(() => {
      setNow(Date.now() / 1000);
    }, 1000);
    return () => {
      window.clearInterval(timer);
    };
  }, []);
  return now;
}

function Hits({ hits }: { hits: readonly Schemas["Hit"][] }): ReactNode {
  const { t, language } = useTexts("feedback");
  return (
    <ul className="grade-hits">
      {hits.map((hit) => (
        <li key={hit.text_en} title={hit.source}>
          {pick(hit, "text", language)} <span className="quiet">[{t(`grade.status.${hit.status}`)}]</span>
        </li>
      ))}
    </ul>
  );
}

function Pair({ proposed, decided }: { proposed: readonly Named[]; decided: readonly Named[] }): ReactNode {
  const { t, language } = useTexts("feedback");
  const words = (names: readonly Named[]): string =>
    names
      .filter((name) => name.key)
      .map((name) => pick(name, "name", language))
      .join(" · ");
  return (
    <dl className="facts">
      <dt>{t("grade.proposal")}</dt>
      <dd>{words(proposed) || t("grade.nothing")}</dd>
      <dt>{t("grade.decided")}</dt>
      <dd>{words(decided) || <span className="quiet">{t("grade.undecided")}</span>}</dd>
    </dl>
  );
}

function Limit({ limit, now }: { limit: Countdown; now: number }): ReactNode {
  const { t, language } = useTexts("feedback");
  const left = limit.due === null ? null : limit.due - now;
  const state =
    limit.done_at !== null
      ? t("grade.done", { when: time(limit.done_at) })
      : left === null
        ? t("grade.waits")
        : t(left < 0 ? "grade.over" : "grade.left", { time: span(left, language) });
  const late = limit.done_at === null ? left !== null && left < 0 : limit.breached;
  return (
    <li className={late ? "due due-over" : "due"} data-testid="grade-limit" title={limit.source}>
      <span aria-hidden="true">{late ? "⚑" : "◷"}</span> {pick(limit, "name", language)}：
      {t("grade.within", { time: span(limit.seconds, language) })} · <strong>{state}</strong>
    </li>
  );
}

function Limits({ grade }: { grade: Schemas["Grade"] }): ReactNode {
  const { t } = useTexts("feedback");
  const now = useNow();
  const running = grade.countdowns.length > 0;
  const limits = running ? grade.countdowns : grade.would_follow;
  if (limits.length === 0) return null;
  return (
    <>
      <h4>{t(running ? "grade.clocks" : "grade.wouldFollow")}</h4>
      <ul className="grade-clocks">
        {limits.map((limit) => (
          <Limit key={limit.step} limit={limit} now={now} />
        ))}
      </ul>
    </>
  );
}

export function GradeBlock({ incident, onChanged }: { incident: Detail; onChanged: () => void }): ReactNode {
  const { t, language } = useTexts("feedback");
  const { may } = useSession();
  const [open, setOpen] = useState(false);
  const { proposal, decision } = incident.grade;
  const missing = proposal.missing.slice(0, 6).map((one) => pick(one, "name", language));
  return (
    <section className="incident-wide" data-testid="grade">
      <h3>{t("grade.title")}</h3>
      <p className="quiet">{t("grade.proposedOnly")}</p>
      <div className="grade-fields">
        <div>
          <h4>{t("grade.gbt")}</h4>
          <Pair proposed={[proposal.category, proposal.level]} decided={[decision.category, decision.level]} />
          <Hits hits={[...proposal.category_hits, ...proposal.level_hits]} />
        </div>
        <div>
          <h4>{t("grade.cac")}</h4>
          <Pair proposed={[proposal.reporting]} decided={[decision.reporting]} />
          <Hits hits={proposal.reporting_hits} />
          {missing.length > 0 && (
            <p className="quiet">
              {t("grade.missing")}：{missing.join(language === "zh" ? "、" : ", ")}…
            </p>
          )}
        </div>
      </div>
      {decision.decided_at !== null && (
        <p>
          {t("grade.by", { who: decision.decided_by_name, when: time(decision.decided_at) })}：{decision.reason}
        </p>
      )}
      <Limits grade={incident.grade} />
      {may("incidents.write") && !incident.merged_into && (
        <Button
          size="small"
          data-testid="grade-edit"
          onClick={() => {
            setOpen(true);
          }}
        >
          {t("grade.edit")}
        </Button>
      )}
      {open && (
        <GradeDialog
          incident={incident}
          onDone={(changed) => {
            setOpen(false);
            if (changed) onChanged();
          }}
        />
      )}
    </section>
  );
}
