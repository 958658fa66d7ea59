import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState, type ReactNode } from "react";
import { Link, useParams } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { number, time } from "../../format";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import "./intel.css";
import { eventsOf, Purpose, StateMark, Tlp, Until } from "./parts";
import { Sightings } from "./Sightings";

type Indicator = Schemas["IntelIndicator"];

function Facts({ row }: { row: Indicator }): ReactNode {
  const { t, language } = useTexts("intel");
  return (
    <dl className="facts">
      <dt>{t("indicator.kind")}</dt>
      <dd>{t(`kinds.${row.kind}`)}</dd>
      <dt>{t("indicator.feed")}</dt>
      <dd>
        <Link to={`/intel?view=indicators&feed=${encodeURIComponent(row.feed_id)}`}>{row.feed_name}</Link>
      </dd>
      <dt>{t("indicator.name")}</dt>
      <dd>{row.name || "–"}</dd>
      <dt>{t("indicator.purpose")}</dt>
      <dd>
        <Purpose purpose={row.purpose} />
      </dd>
      <dt>{t("indicator.confidence")}</dt>
      <dd className="number">{number(row.confidence, language)}</dd>
      <dt>{t("indicator.tlp")}</dt>
      <dd>
        <Tlp level={row.tlp} />
      </dd>
      <dt>{t("indicator.from")}</dt>
      <dd className="number">{row.valid_from === null ? "–" : time(row.valid_from)}</dd>
      <dt>{t("indicator.until")}</dt>
      <dd>
        <Until at={row.valid_until} />
      </dd>
      <dt>{t("indicator.labels")}</dt>
      <dd>{row.labels.join(", ") || "–"}</dd>
      <dt>{t("indicator.sourceId")}</dt>
      <dd className="mono">{row.source_id || "–"}</dd>
      <dt>{t("indicator.added")}</dt>
      <dd className="number">{time(row.added_at)}</dd>
      <dt>{t("indicator.seen")}</dt>
      <dd className="number">{time(row.seen_at)}</dd>
    </dl>
  );
}

function Dismiss({ row, onDone }: { row: Indicator; onDone: () => void }): ReactNode {
  const { t } = useTexts("intel");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const [reason, setReason] = useState("");
  const dismissed = row.state === "dismissed";
  const save = async (): Promise<void> => {
    try {
      await take(
        api.PATCH("/api/v1/intel/indicators/{indicator_id}", {
          params: { path: { indicator_id: row.id } },
          body: { action: dismissed ? "restore" : "dismiss", reason: reason.trim() },
        }),
      );
      setReason("");
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
    onDone();
  };
  return (
    <div className="row">
      {!dismissed && (
        <Input
          style={{ maxWidth: 360 }}
          maxLength={1000}
          value={reason}
          placeholder={t("indicator.why")}
          aria-label={t("indicator.why")}
          data-testid="dismiss-reason"
          onChange={(event) => {
            setReason(event.target.value);
          }}
        />
      )}
      <Button disabled={!dismissed && reason.trim().length < 3} onClick={() => void save()} data-testid="dismiss">
        {t(dismissed ? "indicator.restore" : "indicator.dismiss")}
      </Button>
    </div>
  );
}

export default function IndicatorPage(): ReactNode {
  const { id = "" } = useParams();
  const { t } = useTexts("intel");
  const { may } = useSession();
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ["indicator", id],
    queryFn: () => take(api.GET("/api/v1/intel/indicators/{indicator_id}", { params: { path: { indicator_id: id } } })),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const row = query.data;
  return (
    <div>
      <header className="page-head">
        <h1 className="mono intel-value" data-testid="indicator-value">
          {row.value}
        </h1>
        <StateMark state={row.state} />
        <Tlp level={row.tlp} />
        <span className="quiet">{t(row.searched_back ? "indicator.back" : "indicator.notBack")}</span>
        <span className="grow" />
        {may("events.read") && <Link to={eventsOf(row.id)}>{t("indicator.events")}</Link>}
      </header>
      {row.state === "dismissed" && <p>{t("indicator.dismissedBy", { who: row.dismissed_by, reason: row.reason })}</p>}
      <section className="card">
        <h2>{t("indicator.about")}</h2>
        <Facts row={row} />
        {may("intel.write") && (
          <Dismiss
            row={row}
            onDone={() => {
              void query.refetch();
              void queries.invalidateQueries({ queryKey: ["indicators"] });
            }}
          />
        )}
      </section>
      <section className="card">
        <h2>{t("views.sightings")}</h2>
        <Sightings indicator={row.id} />
      </section>
    </div>
  );
}
