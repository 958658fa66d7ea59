import { useQuery } from "@tanstack/react-query";
import { DatePicker, Select } from "antd";
import { useMemo, useState, type ReactNode } from "react";
import { useSearchParams } from "react-router";
import { ApiError, api, take } from "../../api/client";
import { More } from "../../components/More";
import { Failure, Loading, Nothing } from "../../components/States";
import { useList } from "../../components/useList";
import { number } from "../../format";
import { useTexts } from "../../i18n/use";
import { narrowed } from "./fields";
import { Histogram } from "./Histogram";
import { QueryBox } from "./QueryBox";
import { PRESETS, rangeOf, withFixed, withPreset } from "./range";
import { Results } from "./Results";
import { TopValues } from "./TopValues";
import "./search.css";

const COLUMNS = ["@timestamp", "observer.product", "rule.name", "source.ip", "destination.ip", "message", "organization.name"];

/** Now, kept still until the search is run again: a moving range must not change under the reader. */
function useAsked(): [number, () => void] {
  const [asked, setAsked] = useState(() => Math.floor(Date.now() / 1000));
  return [
    asked,
    () => {
      setAsked(Math.floor(Date.now() / 1000));
    },
  ];
}

export default function Search(): ReactNode {
  const { t, language } = useTexts("search");
  const [params, setParams] = useSearchParams();
  const [asked, askAgain] = useAsked();
  const range = rangeOf(params, asked);
  const q = params.get("q") ?? "";
  const columns = useMemo(() => params.get("columns")?.split(",").filter(Boolean) ?? COLUMNS, [params]);
  const query = { q, start: range.start, end: range.end };

  const list = useList(["events", query], (cursor) =>
    take(api.GET("/api/v1/events", { params: { query: { ...query, limit: 50, ...(cursor ? { cursor } : {}) } } })),
  );
  const histogram = useQuery({
    queryKey: ["histogram", query],
    queryFn: () => take(api.GET("/api/v1/events/histogram", { params: { query: { ...query, buckets: 60 } } })),
    placeholderData: (before) => before,
    retry: false,
  });

  const go = (next: URLSearchParams): void => {
    askAgain();
    setParams(next);
  };
  const run = (text: string): void => {
    const next = new URLSearchParams(params);
    if (text) next.set("q", text);
    else next.delete("q");
    go(next);
  };
  const narrow = (field: string, value: unknown, exclude: boolean): void => {
    run(narrowed(q, field, value, exclude));
  };
  const toggleColumn = (field: string): void => {
    const next = new URLSearchParams(params);
    next.set("columns", (columns.includes(field) ? columns.filter((one) => one !== field) : [...columns, field]).join(","));
    setParams(next);
  };
  const { error } = list.query;
  const problem = error instanceof ApiError && error.status === 400 ? error.problem : undefined;
  const unknown = error instanceof ApiError && error.status === 422 ? error.problem : undefined;
  const wrong = problem ?? unknown;
  return (
    <div className="search">
      <header className="search-head card">
        <QueryBox value={q} problem={wrong} onRun={run} />
        <div className="row">
          <Select
            aria-label={t("range")}
            value={range.preset ?? 0}
            onChange={(seconds: number) => {
              if (seconds > 0) go(withPreset(params, seconds));
            }}
            options={[
              ...(range.preset === null ? [{ value: 0, label: t("range") }] : []),
              ...PRESETS.map((value) => ({ value, label: t(`presets.${value}`) })),
            ]}
          />
          <DatePicker.RangePicker
            showTime
            aria-label={t("range")}
            onChange={(moments) => {
              const [start, end] = moments ?? [];
              if (start && end) go(withFixed(params, start.unix(), end.unix()));
            }}
          />
          <span className="grow" />
          <strong className="number" data-testid="event-total" aria-live="polite">
            {histogram.data && t("total", { count: number(histogram.data.total, language) })}
          </strong>
        </div>
        {histogram.data && !wrong && (
          <Histogram
            histogram={histogram.data}
            onNarrow={(start, end) => {
              go(withFixed(params, start, end));
            }}
          />
        )}
      </header>
      <div className="search-body">
        {!wrong && <TopValues query={query} onNarrow={narrow} />}
        <section className="card search-list" aria-busy={list.query.isPlaceholderData}>
          {list.query.isPending ? (
            <Loading />
          ) : wrong ? null : error ? (
            <Failure error={error} retry={() => void list.query.refetch()} />
          ) : list.rows.length === 0 ? (
            <Nothing text={t("empty")} />
          ) : (
            <>
              <Results events={list.rows} actions={{ onNarrow: narrow, onColumn: toggleColumn, columns }} />
              <More query={list.query} />
            </>
          )}
        </section>
      </div>
    </div>
  );
}
