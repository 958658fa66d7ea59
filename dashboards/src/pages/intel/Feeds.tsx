import { useQuery } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { number, time } from "../../format";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { NewFeed } from "./NewFeed";
import { Tlp } from "./parts";

type Feed = Schemas["Feed"];
type Action = Schemas["FeedChange"]["action"];

function Result({ feed }: { feed: Feed }): ReactNode {
  const { t, language } = useTexts("intel");
  const { result } = feed;
  return (
    <>
      {feed.error && <p className="intel-problem">{feed.error}</p>}
      {result && (
        <>
          {t("feed.accepted", {
            accepted: number(result.accepted, language),
            changed: number(result.changed, language),
            withdrawn: number(result.withdrawn, language),
          })}
          {result.warned > 0 && <span className="quiet"> · {t("feed.warned", { count: result.warned })}</span>}
          {result.refused > 0 && (
            <details>
              <summary>{t("feed.refused", { count: result.refused })}</summary>
              <ul className="intel-refusals">
                {result.reasons.map((one, index) => (
                  <li key={index}>
                    <span className="mono">{one.what}</span> {one.reason}
                  </li>
                ))}
              </ul>
            </details>
          )}
        </>
      )}
    </>
  );
}

function Actions({ feed, act }: { feed: Feed; act: (feed: Feed, action: Action) => void }): ReactNode {
  const { t } = useTexts("intel");
  const offered: Action[] = feed.state === "active" ? [...(feed.transport ? (["pull"] as const) : []), "pause", "remove"] : ["start", "remove"];
  return (
    <div className="row">
      {offered.map((action) => (
        <Button
          key={action}
          size="small"
          data-action={action}
          onClick={() => {
            act(feed, action);
          }}
        >
          {t(`feed.actions.${action}`)}
        </Button>
      ))}
    </div>
  );
}

function useColumns(act: (feed: Feed, action: Action) => void): Column<Feed>[] {
  const { t, language } = useTexts("intel");
  const { may } = useSession();
  const columns: Column<Feed>[] = [
    {
      key: "name",
      title: t("feed.name"),
      cell: (row) => (
        <>
          <Link to={`/intel?view=indicators&feed=${encodeURIComponent(row.id)}`}>{row.name}</Link> <span className="quiet mono">{row.id}</span>
        </>
      ),
    },
    { key: "transport", title: t("feed.transport"), cell: (row) => <span title={row.url}>{t(`feed.transports.${row.transport || "file"}`)}</span> },
    { key: "tlp", title: t("indicator.tlp"), cell: (row) => <Tlp level={row.tlp} /> },
    {
      key: "indicators",
      title: t("feed.indicators"),
      numeric: true,
      cell: (row) => (
        <Link to={`/intel?view=indicators&state=active&feed=${encodeURIComponent(row.id)}`}>
          {number(row.active, language)} / {number(row.indicators, language)}
        </Link>
      ),
    },
    { key: "last", title: t("feed.last"), cell: (row) => <span className="number">{row.pulled_at === null ? "–" : time(row.pulled_at)}</span> },
    { key: "result", title: t("feed.result"), cell: (row) => <Result feed={row} /> },
    { key: "state", title: t("feed.state"), cell: (row) => <span className={row.state === "active" ? "status" : "status quiet"}>{t(`feed.states.${row.state}`)}</span> },
  ];
  return may("feeds.write") ? [...columns, { key: "act", title: t("feed.act"), cell: (row) => <Actions feed={row} act={act} /> }] : columns;
}

export function Feeds(): ReactNode {
  const { t, language } = useTexts("intel");
  const { t: common } = useTexts("common");
  const { may } = useSession();
  const { message, modal } = App.useApp();
  const [adding, setAdding] = useState(false);
  const query = useQuery({ queryKey: ["feeds"], queryFn: () => take(api.GET("/api/v1/intel/feeds")), refetchInterval: 10_000 });
  const send = async (feed: Feed, action: Action): Promise<void> => {
    try {
      await take(
        api.PATCH("/api/v1/intel/feeds/{feed_id}", {
          params: { path: { feed_id: feed.id }, header: { "If-Match": `"${feed.version}"` } },
          body: { action },
        }),
      );
      void message.success(t("feed.done", { action: t(`feed.actions.${action}`) }));
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
    void query.refetch();
  };
  const act = (feed: Feed, action: Action): void => {
    if (action === "remove") modal.confirm({ title: t("feed.sure", { name: feed.name }), onOk: () => send(feed, action) });
    else void send(feed, action);
  };
  const columns = useColumns(act);
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const { items, matched, built_at: built, behind } = query.data;
  return (
    <>
      <div className="row">
        <span className="grow" data-testid="intel-built">
          {built === null ? t("never") : t("matched", { count: number(matched, language), when: time(built) })}
          {behind && <span className="quiet"> · {t("behind")}</span>}
        </span>
        {may("feeds.write") && (
          <Button
            type="primary"
            data-testid="add-feed"
            onClick={() => {
              setAdding(true);
            }}
          >
            {t("feed.add")}
          </Button>
        )}
      </div>
      {items.length === 0 ? <Nothing text={t("feed.none")} /> : <Table label={t("views.feeds")} columns={columns} rows={items} keyOf={(row) => row.id} testId="feeds" />}
      <NewFeed
        open={adding}
        onClose={() => {
          setAdding(false);
          void query.refetch();
        }}
      />
    </>
  );
}
