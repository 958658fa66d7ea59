/** A rule's text tried on stored days: started here, run beside the stream, followed until it ends. */
import { useQuery } from "@tanstack/react-query";
import { App, Button, Select } from "antd";
import { useState, type ReactNode } from "react";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { number, time } from "../../format";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { BacktestResult } from "./BacktestResult";
import "./detection.css";

type Run = Schemas["Backtest"];

const DAYS = [1, 3, 7, 14, 30] as const;
const POLL = 1000;
const isOpen = (run: Run): boolean => run.state === "queued" || run.state === "running";

function useStart(onStarted: (id: string) => void): (body: string, days: number) => Promise<void> {
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  return async (body, days) => {
    try {
      onStarted((await take(api.POST("/api/v1/rule-backtests", { body: { body, days } }))).id);
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
}

/** One run, asked again until it has ended. */
function Followed({ id, onEnd }: { id: string; onEnd: () => void }): ReactNode {
  const { t, language } = useTexts("detection");
  const run = useQuery({
    queryKey: ["rule-backtest", id],
    queryFn: () => take(api.GET("/api/v1/rule-backtests/{backtest_id}", { params: { path: { backtest_id: id } } })),
    refetchInterval: (query) => (query.state.data && !isOpen(query.state.data) ? false : POLL),
  });
  const cancel = async (): Promise<void> => {
    await take(api.PATCH("/api/v1/rule-backtests/{backtest_id}", { params: { path: { backtest_id: id } }, body: { action: "cancel" } })).catch(
      () => undefined, // it ended meanwhile: the next answer says how
    );
    await run.refetch();
    onEnd();
  };
  if (run.isPending) return <Loading />;
  if (run.isError) return <Failure error={run.error} retry={() => void run.refetch()} />;
  const found = run.data;
  const counts = { seen: number(found.seen, language), total: number(found.total, language), hits: number(found.hits, language) };
  return (
    <div data-testid="backtest" data-state={found.state}>
      <div className="row" role="status">
        <span className="status">{t(`test.states.${found.state}`)}</span>
        <span className="quiet number grow">{isOpen(found) && t("test.progress", counts)}</span>
        {isOpen(found) && <Button size="small" onClick={() => void cancel()}>{t("test.cancel")}</Button>}
      </div>
      {found.reason && <p className="backtest-problem">{found.reason}</p>}
      {found.result && <BacktestResult result={found.result} />}
    </div>
  );
}

function Earlier({ runs, onShow }: { runs: readonly Run[]; onShow: (id: string) => void }): ReactNode {
  const { t, language } = useTexts("detection");
  const columns: Column<Run>[] = [
    { key: "ran", title: t("test.ran"), cell: (run) => <span className="number">{time(run.created_at)}</span> },
    { key: "period", title: t("test.period"), cell: (run) => <span className="number">{`${time(run.since)} – ${time(run.until)}`}</span> },
    { key: "state", title: t("test.title"), cell: (run) => t(`test.states.${run.state}`) },
    { key: "hits", title: t("test.hits"), numeric: true, cell: (run) => number(run.hits, language) },
    { key: "show", title: t("test.show"), cell: (run) => <Button size="small" onClick={() => { onShow(run.id); }}>{t("test.show")}</Button> },
  ];
  return (
    <details>
      <summary>{`${t("test.earlier")} (${String(runs.length)})`}</summary>
      <Table label={t("test.earlier")} columns={columns} rows={runs} keyOf={(run) => run.id} testId="backtests" />
    </details>
  );
}

interface Props {
  /** Whose earlier runs are listed; none for a text that is not stored yet. */
  ruleId?: string;
  body: string;
  /** The text is not what the engine accepts. */
  disabled?: boolean;
}

export function Backtest({ ruleId, body, disabled = false }: Props): ReactNode {
  const { t } = useTexts("detection");
  const { may } = useSession();
  const [days, setDays] = useState<number>(7);
  const [chosen, setChosen] = useState<string>();
  const earlier = useQuery({
    queryKey: ["rule-backtests", ruleId ?? ""],
    queryFn: () => take(api.GET("/api/v1/rule-backtests", { params: { query: { rule_id: ruleId ?? "" } } })),
    enabled: ruleId !== undefined && may("events.read"),
  });
  const refresh = (): void => {
    if (ruleId !== undefined) void earlier.refetch();
  };
  const start = useStart((id) => {
    setChosen(id);
    refresh();
  });
  if (!may("events.read")) return null;
  const runs = earlier.data?.items ?? [];
  return (
    <section className="card" aria-label={t("test.title")} data-testid="backtest-panel">
      <h2>{t("test.title")}</h2>
      <p className="quiet">{t("test.about")}</p>
      <div className="row">
        <Select<number>
          aria-label={t("test.days")}
          value={days}
          options={DAYS.map((value) => ({ value, label: t("test.last", { count: value }) }))}
          onChange={setDays}
        />
        <Button disabled={disabled || body.trim() === ""} data-testid="backtest-start" onClick={() => void start(body, days)}>
          {t("test.start")}
        </Button>
      </div>
      {chosen && <Followed key={chosen} id={chosen} onEnd={refresh} />}
      {runs.length > 0 && <Earlier runs={runs} onShow={setChosen} />}
    </section>
  );
}
