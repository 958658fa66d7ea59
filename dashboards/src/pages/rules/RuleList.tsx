/** Every detection rule: found by its facets, read with its hits, false-positive rate and cost; keys as in the queue. */
import { Button, Input, Select, type InputRef } from "antd";
import { useRef, useState, type ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { api, take } from "../../api/client";
import { Grid, type GridColumn } from "../../components/Grid";
import { Failure, Loading, Nothing } from "../../components/States";
import { useList } from "../../components/useList";
import { number, time } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { Hints } from "../../keyboard/Help";
import { useKeys } from "../../keyboard/useKeys";
import { useSession } from "../../session";
import "./detection.css";
import { Cost, FalseRate, LevelMark, logSource, ruleTitle, StateMark, type Brief } from "./ruleParts";

const ORDERS = ["hits", "cost", "changed", "title"] as const;
const FACETS = ["state", "level", "ruleset", "source"] as const;
const ROW = 46;
const HINTS = new Set(["next", "previous", "open", "filter", "help"]);

function useColumns(): GridColumn<Brief>[] {
  const { t, language } = useTexts("rulebook");
  return [
    {
      key: "rule",
      title: t("column.rule"),
      track: "minmax(240px, 3fr)",
      cell: (row) => (
        <Link className="ellipsis" to={`/rules/${encodeURIComponent(row.id)}`} title={ruleTitle(row, language)}>
          {ruleTitle(row, language)}
        </Link>
      ),
    },
    { key: "state", title: t("column.state"), track: "84px", cell: (row) => <StateMark row={row} /> },
    { key: "level", title: t("column.level"), track: "92px", cell: (row) => <LevelMark level={row.level} /> },
    { key: "ruleset", title: t("column.ruleset"), track: "90px", cell: (row) => row.ruleset },
    { key: "source", title: t("column.source"), track: "minmax(110px, 1fr)", cell: (row) => <span className="ellipsis">{logSource(row)}</span> },
    {
      key: "technique",
      title: t("column.technique"),
      track: "90px",
      cell: (row) => (
        <span className="mono" title={row.techniques.map((one) => pick(one, "technique", language)).join("; ")}>
          {row.techniques[0]?.technique ?? "–"}
        </span>
      ),
    },
    { key: "hits", title: t("column.hits"), track: "80px", cell: (row) => <span className="number">{number(row.hits, language)}</span> },
    { key: "rate", title: t("column.rate"), track: "70px", cell: (row) => <FalseRate row={row} /> },
    { key: "cost", title: t("column.cost"), track: "90px", cell: (row) => <Cost value={row.nanoseconds} /> },
    { key: "changed", title: t("column.changed"), track: "140px", cell: (row) => <span className="number quiet">{time(row.changed_at)}</span> },
  ];
}

export default function RuleList(): ReactNode {
  const { t, language } = useTexts("rulebook");
  const { may } = useSession();
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const [current, setCurrent] = useState(0);
  const box = useRef<InputRef>(null);
  const columns = useColumns();
  const set = (name: string, value: string): void => {
    const next = new URLSearchParams(params);
    if (value) next.set(name, value);
    else next.delete(name);
    setCurrent(0);
    setParams(next);
  };
  const query = {
    order: ORDERS.find((one) => one === params.get("order")) ?? "hits",
    ...(params.get("q") ? { q: params.get("q") ?? "" } : {}),
    ...(params.get("state") ? { state: params.get("state") as Brief["state"] } : {}),
    ...(params.get("level") ? { level: params.get("level") as "high" } : {}),
    ...(params.get("ruleset") ? { ruleset: params.get("ruleset") } : {}),
    ...(params.get("source") ? { source: params.get("source") } : {}),
    ...(params.get("technique") ? { technique: params.get("technique") } : {}),
    ...(params.get("only") === "throttled" ? { throttled: true } : {}),
    ...(params.get("only") === "fired" ? { fired: true } : {}),
  };
  const list = useList(["rules", params.toString()], (cursor) =>
    take(api.GET("/api/v1/rules", { params: { query: { ...query, limit: 100, ...(cursor ? { cursor } : {}) } } })),
  );
  const rows: Brief[] = list.rows;
  const open = (row: Brief | undefined): void => {
    if (row) void navigate(`/rules/${encodeURIComponent(row.id)}`);
  };
  useKeys("queue", {
    next: () => { setCurrent(Math.min(current + 1, Math.max(0, rows.length - 1))); },
    previous: () => { setCurrent(Math.max(0, current - 1)); },
    open: () => { open(rows[current]); },
    filter: () => { box.current?.focus(); },
    refresh: () => { void list.query.refetch(); },
  });
  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  const facets = list.first?.facets;
  const word = (name: string, value: string): string =>
    name === "state" ? t(`states.${value}`) : name === "level" ? t(`levels.${value}`) : value;
  return (
    <div className="rules-page">
      <header className="page-head">
        <h1>{t("title")}</h1>
        <span className="quiet number" aria-live="polite" data-testid="rules-total">{t("total", { count: number(list.first?.total ?? 0, language) })}</span>
        <span className="grow" />
        {may("rules.write") && <Button type="primary" data-testid="rule-new" onClick={() => void navigate("/rules/new")}>{t("create")}</Button>}
      </header>
      <p className="quiet">{t("about")}</p>
      <div className="row">
        <Input
          ref={box}
          key={params.get("q") ?? ""}
          style={{ maxWidth: 300 }}
          defaultValue={params.get("q") ?? ""}
          placeholder={t("search")}
          aria-label={t("search")}
          data-testid="rules-search"
          allowClear
          onPressEnter={(event) => {
            set("q", event.currentTarget.value.trim());
            event.currentTarget.blur();
          }}
          onClear={() => { set("q", ""); }}
        />
        {FACETS.map((name) => (
          <Select<string>
            key={name}
            aria-label={t(`column.${name}`)}
            value={params.get(name) ?? ""}
            popupMatchSelectWidth={false}
            onChange={(value) => { set(name, value); }}
            options={[
              { value: "", label: `${t(`column.${name}`)}: ${t("any")}` },
              ...(facets?.[name] ?? []).map((one) => ({ value: one.value, label: `${word(name, one.value)} ${number(one.count, language)}` })),
            ]}
          />
        ))}
        <Select<string>
          aria-label={t("only.label")}
          value={params.get("only") ?? ""}
          onChange={(value) => { set("only", value); }}
          options={[{ value: "", label: `${t("only.label")}: ${t("any")}` }, ...["fired", "throttled"].map((value) => ({ value, label: t(`only.${value}`) }))]}
        />
        <Select<string>
          aria-label={t("order.label")}
          value={query.order}
          onChange={(value) => { set("order", value); }}
          options={ORDERS.map((value) => ({ value, label: t(`order.${value}`) }))}
        />
      </div>
      <section className="card rules-grid">
        {list.query.isPending ? (
          <Loading />
        ) : rows.length === 0 ? (
          <Nothing text={t("none")} />
        ) : (
          <Grid
            label={t("title")}
            columns={columns}
            rows={rows}
            keyOf={(row) => row.id}
            rowHeight={ROW}
            current={current}
            total={list.first?.total ?? rows.length}
            onCurrent={setCurrent}
            onOpen={open}
            onEnd={() => {
              if (list.query.hasNextPage && !list.query.isFetchingNextPage) void list.query.fetchNextPage();
            }}
            testId="rules"
          />
        )}
      </section>
      <Hints scope="queue" only={HINTS} />
    </div>
  );
}
