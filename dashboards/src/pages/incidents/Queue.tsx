import { useQuery } from "@tanstack/react-query";
import { Button, Input, Select, type InputRef } from "antd";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { Grid, type GridColumn } from "../../components/Grid";
import { Severity, Status } from "../../components/marks";
import { Failure, Loading } from "../../components/States";
import { useList } from "../../components/useList";
import { ago, number } from "../../format";
import { nameOf, pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { Hints } from "../../keyboard/Help";
import { useKeys } from "../../keyboard/useKeys";
import { useLive } from "../../live";
import { useSession, useSignedIn } from "../../session";
import { SuppressDialog } from "../tuning/SuppressDialog";
import { CloseDialog, StatusDialog, TextDialog } from "./Dialogs";
import { Due } from "./Due";
import { Facets } from "./Facets";
import { filterOf, queryOf } from "./filter";
import { IncidentView } from "./IncidentView";
import { add, everything, isSelected, nothing, orCurrent, size, toggle, type Selection } from "./selection";
import { useBulk } from "./useBulk";
import "./queue.css";

type Incident = Schemas["Incident"];

const VIEWS = ["queue", "open", "closed", "all"] as const;
const SORTS = ["-severity", "-score", "-last_seen", "-first_seen", "due"] as const;
const ROW = 64;

/** The clock of the page, once a minute: enough for deadlines. */
function useMinute(): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now() / 1000);
    }, 30_000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return now;
}

function useColumns(now: number): GridColumn<Incident>[] {
  const { t, language } = useTexts("incidents");
  return useMemo(
    () => [
      { key: "severity", title: t("column.severity"), track: "84px", cell: (row) => <Severity level={row.severity_level} /> },
      {
        key: "incident",
        title: t("column.incident"),
        track: "minmax(220px, 1fr)",
        cell: (row) => (
          <>
            <div className="ellipsis queue-title">{pick(row, "title", language)}</div>
            <div className="ellipsis queue-reason">{pick(row, "reason", language)}</div>
            <div className="ellipsis queue-where">
              {nameOf(row.enterprise, language)} · {nameOf(row.region, language)}
            </div>
          </>
        ),
      },
      {
        key: "status",
        title: t("column.status"),
        track: "112px",
        cell: (row) => (
          <>
            <Status status={row.status} />
            <div className="ellipsis quiet queue-small">{row.owner_name || row.owner || t("nobody")}</div>
          </>
        ),
      },
      {
        key: "clock",
        title: t("column.clock"),
        track: "118px",
        cell: (row) => (
          <>
            <div className="ellipsis queue-small">
              <Due deadlines={row.deadlines} now={now} />
            </div>
            <div className="ellipsis quiet queue-small">{ago(row.last_seen, language, now)}</div>
          </>
        ),
      },
    ],
    [t, language, now],
  );
}

type Dialog = "close" | "status" | "note" | "suppress" | null;

export default function Queue(): ReactNode {
  const { t, language } = useTexts("incidents");
  const { t: common } = useTexts("common");
  const { may } = useSession();
  const { login } = useSignedIn();
  const [params, setParams] = useSearchParams();
  const navigate = useNavigate();
  const now = useMinute();
  const columns = useColumns(now);
  const bulk = useBulk();
  const filterBox = useRef<InputRef>(null);
  const [selection, setSelection] = useState<Selection>(nothing);
  const [dialog, setDialog] = useState<Dialog>(null);
  const [news, setNews] = useState(0);

  const at = params.get("at");
  const address = useMemo(() => {
    const kept = new URLSearchParams(params);
    kept.delete("at");
    return kept;
  }, [params]);
  const key = address.toString();
  const list = useList(["incidents", key], (cursor) =>
    take(api.GET("/api/v1/incidents", { params: { query: { ...queryOf(address), limit: 100, ...(cursor ? { cursor } : {}) } } })),
  );
  const facets = useQuery({
    queryKey: ["incident-facets", key],
    queryFn: () => take(api.GET("/api/v1/incidents/facets", { params: { query: filterOf(address) as never } })),
    placeholderData: (before) => before,
  });
  const { rows } = list;
  const total = facets.data?.total ?? rows.length;
  const current = Math.max(0, rows.findIndex((row) => row.id === at));
  const currentRow = rows[current];
  const versions = useMemo(() => new Map(rows.map((row) => [row.id, row.version])), [rows]);
  const mayWrite = may("incidents.write");

  useLive(["incident"], () => {
    setNews((count) => count + 1);
  });

  const goTo = useCallback(
    (index: number) => {
      const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
      if (!row) return;
      setParams(
        (before) => {
          before.set("at", row.id);
          return before;
        },
        { replace: true },
      );
    },
    [rows, setParams],
  );
  const change = useCallback(
    (next: URLSearchParams) => {
      setSelection(nothing);
      next.delete("at");
      setParams(next);
    },
    [setParams],
  );
  const set = (name: string, value: string): void => {
    const next = new URLSearchParams(address);
    if (value) next.set(name, value);
    else next.delete(name);
    change(next);
  };
  const chosen = orCurrent(selection, total, currentRow?.id);
  const count = size(chosen, total);

  /** The row that will be current when those of a change have left the list. */
  const apply = async (what: Parameters<typeof bulk.apply>[1]): Promise<void> => {
    setDialog(null);
    const stays = rows.find((row, index) => index > current && !isSelected(chosen, row.id)) ?? rows.find((row) => !isSelected(chosen, row.id));
    const sent = await bulk.apply(chosen, what, versions);
    if (!sent) return;
    setSelection(nothing);
    if (stays && isSelected(chosen, currentRow?.id ?? "")) {
      setParams(
        (before) => {
          before.set("at", stays.id);
          return before;
        },
        { replace: true },
      );
    }
  };
  const refresh = (): void => {
    setNews(0);
    void list.query.refetch();
    void facets.refetch();
  };
  const addNote = async (text: string): Promise<void> => {
    setDialog(null);
    if (!currentRow) return;
    await take(api.POST("/api/v1/incidents/{incident_id}/notes", { params: { path: { incident_id: currentRow.id } }, body: { text } }));
    refresh();
  };
  const openPage = (row: Incident | undefined): void => {
    if (row) void navigate(`/incidents/${row.id}`);
  };
  const ifWriter = (action: () => void) => (): void => {
    if (mayWrite && currentRow) action();
  };

  useKeys("queue", {
    next: () => {
      goTo(current + 1);
    },
    previous: () => {
      goTo(current - 1);
    },
    "extend-next": () => {
      const ids = [currentRow?.id, rows[current + 1]?.id].filter((id) => id !== undefined);
      setSelection(add(selection, ids));
      goTo(current + 1);
    },
    "extend-previous": () => {
      const ids = [currentRow?.id, rows[current - 1]?.id].filter((id) => id !== undefined);
      setSelection(add(selection, ids));
      goTo(current - 1);
    },
    select: () => {
      if (currentRow) setSelection(toggle(selection, currentRow.id));
    },
    "select-all": () => {
      if (list.first) setSelection(everything(filterOf(address), list.first.snapshot));
    },
    clear: () => {
      setSelection(nothing);
    },
    open: () => {
      openPage(currentRow);
    },
    assign: ifWriter(() => void apply({ owner: login })),
    status: ifWriter(() => {
      setDialog("status");
    }),
    close: ifWriter(() => {
      setDialog("close");
    }),
    note: () => {
      if (currentRow && may("notes.write")) setDialog("note");
    },
    suppress: ifWriter(() => {
      setDialog("suppress");
    }),
    undo: () => {
      if (mayWrite) void bulk.undo();
    },
    refresh,
    filter: () => {
      filterBox.current?.focus();
    },
  });

  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  const view = params.get("view") ?? "queue";
  const wholeQuery = selection.mode === "query";
  return (
    <div className="queue">
      <aside className="queue-facets card" aria-label={t("title")}>
        <Facets facets={facets.data} params={address} onChange={change} />
      </aside>
      <section className="queue-list card">
        <div className="queue-bar">
          <h1 className="queue-h1">{t("title")}</h1>
          <Select
            aria-label={t("title")}
            value={view}
            data-testid="view"
            onChange={(value: string) => {
              set("view", value);
            }}
            options={VIEWS.map((value) => ({ value, label: t(`views.${value}`) }))}
          />
          <Input
            ref={filterBox}
            key={address.get("q") ?? ""}
            className="queue-filter"
            defaultValue={address.get("q") ?? ""}
            placeholder={t("filter")}
            aria-label={t("filter")}
            data-testid="queue-filter"
            allowClear
            onPressEnter={(event) => {
              set("q", event.currentTarget.value.trim());
              event.currentTarget.blur();
            }}
            onKeyDown={(event) => {
              if (event.key === "Escape") event.currentTarget.blur();
            }}
            onClear={() => {
              set("q", "");
            }}
          />
          <Select
            aria-label={t("sort.label")}
            value={params.get("sort") ?? "-severity"}
            onChange={(value: string) => {
              set("sort", value);
            }}
            options={SORTS.map((value) => ({ value, label: t(`sort.${value}`) }))}
          />
          <span className="quiet number" data-testid="total" aria-live="polite">
            {t("count", { count: number(total, language) })}
          </span>
          {news > 0 && (
            <button type="button" className="pill" onClick={refresh} data-testid="updates">
              {common("updates", { count: news })}
            </button>
          )}
        </div>
        {(size(selection, total) > 0 || wholeQuery) && (
          <div className="queue-selected" role="status" data-testid="selected">
            <strong>{t(wholeQuery ? "selectedQuery" : "selected", { count: number(size(selection, total), language) })}</strong>
            {!wholeQuery && total > rows.length && list.first && (
              <Button
                size="small"
                onClick={() => {
                  if (list.first) setSelection(everything(filterOf(address), list.first.snapshot));
                }}
              >
                {t("selectAll", { count: number(total, language) })}
              </Button>
            )}
            {mayWrite && (
              <>
                <Button size="small" onClick={() => void apply({ owner: login })}>
                  {t("act.assign")}
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
                  onClick={() => {
                    setDialog("close");
                  }}
                >
                  {t("act.close")}
                </Button>
              </>
            )}
            <Button
              size="small"
              type="text"
              onClick={() => {
                setSelection(nothing);
              }}
            >
              {t("clear")}
            </Button>
          </div>
        )}
        <div className="queue-rows">
          {list.query.isPending ? (
            <Loading />
          ) : rows.length === 0 ? (
            <div className="queue-empty" data-testid="queue-empty">
              <h2>{view === "queue" && !address.get("q") ? t("emptied") : common("nothing")}</h2>
              {view === "queue" && <p className="quiet">{t("emptiedWhy")}</p>}
              <Button
                onClick={() => {
                  change(new URLSearchParams("view=open"));
                }}
              >
                {t("seeOpen")}
              </Button>
            </div>
          ) : (
            <Grid
              label={t("title")}
              columns={columns}
              rows={rows}
              keyOf={(row) => row.id}
              rowHeight={ROW}
              current={current}
              total={total}
              onCurrent={goTo}
              onOpen={openPage}
              isSelected={(row) => isSelected(selection, row.id)}
              onEnd={() => {
                if (list.query.hasNextPage && !list.query.isFetchingNextPage) void list.query.fetchNextPage();
              }}
              testId="queue-grid"
            />
          )}
        </div>
        <Hints scope="queue" {...(mayWrite ? {} : { only: new Set(["next", "previous", "open", "filter", "help"]) })} />
      </section>
      <section className="queue-detail card" aria-live="off">
        {currentRow && <IncidentView key={currentRow.id} id={currentRow.id} compact onChanged={refresh} />}
      </section>
      <CloseDialog
        open={dialog === "close"}
        count={count}
        onCancel={() => {
          setDialog(null);
        }}
        onClose={(verdict, reason) => void apply({ status: "closed", verdict, verdict_reason: reason })}
      />
      <StatusDialog
        open={dialog === "status"}
        count={count}
        onCancel={() => {
          setDialog(null);
        }}
        onPick={(status) => void apply({ status })}
      />
      {dialog === "suppress" && currentRow && (
        <SuppressDialog
          incidentId={currentRow.id}
          onDone={() => {
            setDialog(null);
          }}
        />
      )}
      <TextDialog
        open={dialog === "note"}
        title={t("act.note")}
        onCancel={() => {
          setDialog(null);
        }}
        onSave={(text) => void addNote(text)}
      />
    </div>
  );
}
