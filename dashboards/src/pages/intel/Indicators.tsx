import { Input, Select } from "antd";
import type { ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { More } from "../../components/More";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { number } from "../../format";
import { useTexts } from "../../i18n/use";
import { KINDS, Purpose, STATES, StateMark, Tlp, Until } from "./parts";

type Row = Schemas["IntelIndicator"];

function useColumns(): Column<Row>[] {
  const { t, language } = useTexts("intel");
  return [
    {
      key: "value",
      title: t("indicator.value"),
      cell: (row) => (
        <Link className="mono intel-value" to={`/intel/${row.id}`}>
          {row.value}
        </Link>
      ),
    },
    { key: "kind", title: t("indicator.kind"), cell: (row) => t(`kinds.${row.kind}`) },
    { key: "name", title: t("indicator.name"), cell: (row) => row.name || "–" },
    { key: "purpose", title: t("indicator.purpose"), cell: (row) => <Purpose purpose={row.purpose} /> },
    { key: "confidence", title: t("indicator.confidence"), numeric: true, cell: (row) => number(row.confidence, language) },
    { key: "tlp", title: t("indicator.tlp"), cell: (row) => <Tlp level={row.tlp} /> },
    { key: "feed", title: t("indicator.feed"), cell: (row) => row.feed_name },
    { key: "until", title: t("indicator.until"), cell: (row) => <Until at={row.valid_until} /> },
    { key: "state", title: t("indicator.state"), cell: (row) => <StateMark state={row.state} /> },
  ];
}

function useFilter(): { value: string; kind: Row["kind"] | undefined; state: Row["state"] | undefined; feed: string } {
  const [params] = useSearchParams();
  return {
    value: params.get("value") ?? "",
    kind: KINDS.find((one) => one === params.get("kind")),
    state: STATES.find((one) => one === params.get("state")),
    feed: params.get("feed") ?? "",
  };
}

function Filter(): ReactNode {
  const { t } = useTexts("intel");
  const [params, setParams] = useSearchParams();
  const { value, kind, state } = useFilter();
  const set = (name: string, chosen: string | undefined): void => {
    const next = new URLSearchParams(params);
    if (chosen) next.set(name, chosen);
    else next.delete(name);
    setParams(next);
  };
  return (
    <div className="intel-filter">
      <Input.Search
        key={value}
        allowClear
        defaultValue={value}
        placeholder={t("indicator.search")}
        aria-label={t("indicator.search")}
        data-testid="intel-value"
        onSearch={(text) => {
          set("value", text.trim());
        }}
      />
      <Select
        allowClear
        style={{ minWidth: 140 }}
        value={kind ?? null}
        placeholder={t("indicator.kind")}
        aria-label={t("indicator.kind")}
        options={KINDS.map((one) => ({ value: one, label: t(`kinds.${one}`) }))}
        onChange={(one: string | undefined) => {
          set("kind", one);
        }}
      />
      <Select
        allowClear
        style={{ minWidth: 140 }}
        value={state ?? null}
        placeholder={t("indicator.state")}
        aria-label={t("indicator.state")}
        options={STATES.map((one) => ({ value: one, label: t(`states.${one}`) }))}
        onChange={(one: string | undefined) => {
          set("state", one);
        }}
      />
    </div>
  );
}

export function Indicators(): ReactNode {
  const { t } = useTexts("intel");
  const navigate = useNavigate();
  const columns = useColumns();
  const { value, kind, state, feed } = useFilter();
  const list = useList(["indicators", value, kind, state, feed], (cursor) =>
    take(
      api.GET("/api/v1/intel/indicators", {
        params: {
          query: {
            limit: 50,
            ...(value ? { value } : {}),
            ...(kind ? { kind } : {}),
            ...(state ? { state } : {}),
            ...(feed ? { feed_id: feed } : {}),
            ...(cursor ? { cursor } : {}),
          },
        },
      }),
    ),
  );
  return (
    <>
      <Filter />
      {list.query.isPending && <Loading />}
      {list.query.isError && <Failure error={list.query.error} retry={() => void list.query.refetch()} />}
      {list.query.isSuccess && list.rows.length === 0 && <Nothing text={t("indicator.none")} />}
      {list.rows.length > 0 && (
        <Table
          label={t("views.indicators")}
          columns={columns}
          rows={list.rows}
          keyOf={(row) => row.id}
          onOpen={(row) => void navigate(`/intel/${row.id}`)}
          testId="indicators"
        />
      )}
      <More query={list.query} />
    </>
  );
}
