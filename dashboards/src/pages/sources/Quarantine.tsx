import { useQuery } from "@tanstack/react-query";
import { App, Button, Checkbox, Drawer, Input } from "antd";
import { useState, type ReactNode } from "react";
import { Link, useSearchParams } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { More } from "../../components/More";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { number, time } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import "./sources.css";

type Row = Schemas["QuarantineRow"];

function Original({ id }: { id: string }): ReactNode {
  const { t } = useTexts("operations");
  const record = useQuery({
    queryKey: ["quarantined", id],
    queryFn: () => take(api.GET("/api/v1/quarantine/{record_id}", { params: { path: { record_id: id } } })),
  });
  if (record.isPending) return <Loading />;
  if (record.isError) return <Failure error={record.error} />;
  return (
    <>
      <dl className="facts">
        <dt>{t("quarantine.reason")}</dt>
        <dd>{record.data.reason}</dd>
        <dt>{t("sources.source")}</dt>
        <dd>
          <Link to={`/sources/${record.data.source_id}`}>{record.data.source_name || record.data.source_id}</Link>
        </dd>
        <dt>{t("sources.parser")}</dt>
        <dd className="mono">{record.data.parser || "–"}</dd>
        <dt>{t("quarantine.received")}</dt>
        <dd>{time(record.data.received_at)}</dd>
      </dl>
      <h3>{t("quarantine.original")}</h3>
      <pre className="mono quarantine-original" tabIndex={0}>
        {record.data.original}
      </pre>
    </>
  );
}

export default function Quarantine(): ReactNode {
  const { t, language } = useTexts("operations");
  const { t: common } = useTexts("common");
  const { may } = useSession();
  const { message, modal } = App.useApp();
  const [params, setParams] = useSearchParams();
  const [picked, setPicked] = useState<readonly string[]>([]);
  const [open, setOpen] = useState<string>();
  const filter = Object.fromEntries(params) as Partial<Schemas["QuarantineFilter"]>;
  const list = useList(["quarantine", params.toString()], (cursor) =>
    take(
      api.GET("/api/v1/quarantine", {
        params: { query: { ...(Object.fromEntries(params) as Record<string, string>), limit: 100, ...(cursor ? { cursor } : {}) } },
      }),
    ),
  );
  const mayReplay = may("quarantine.replay");
  const replay = async (body: Partial<Schemas["ReplayRequest"]>): Promise<void> => {
    try {
      const result = await take(api.POST("/api/v1/quarantine/replay", { body: body }));
      void message.success(t("quarantine.result", { accepted: result.accepted, skipped: result.skipped }));
      setPicked([]);
      await list.query.refetch();
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
  const replayAll = async (): Promise<void> => {
    const agreed = await modal.confirm({ title: t("quarantine.confirm"), okText: common("confirm"), cancelText: common("cancel") });
    if (agreed) await replay({ filter: filter as Schemas["QuarantineFilter"] });
  };
  const columns: Column<Row>[] = [
    ...(mayReplay
      ? [
          {
            key: "pick",
            title: "",
            cell: (row: Row) => (
              <Checkbox
                aria-label={row.id}
                checked={picked.includes(row.id)}
                onChange={(event) => {
                  setPicked(event.target.checked ? [...picked, row.id] : picked.filter((id) => id !== row.id));
                }}
              />
            ),
          },
        ]
      : []),
    { key: "received", title: t("quarantine.received"), cell: (row) => <span className="number">{time(row.received_at)}</span> },
    { key: "source", title: t("sources.source"), cell: (row) => <Link to={`/sources/${row.source_id}`}>{row.source_name || row.source_id}</Link> },
    { key: "enterprise", title: t("sources.enterprise"), cell: (row) => nameOf(row.enterprise, language) },
    { key: "reason", title: t("quarantine.reason"), cell: (row) => row.reason },
    { key: "preview", title: t("quarantine.preview"), cell: (row) => <span className="mono quarantine-preview ellipsis">{row.preview}</span> },
    { key: "size", title: t("quarantine.size"), numeric: true, cell: (row) => `${number(row.size, language)} B` },
    { key: "status", title: t("quarantine.status"), cell: (row) => t(`quarantine.statuses.${row.status}`) },
  ];
  if (list.query.isPending) return <Loading />;
  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  return (
    <div className="sources">
      <header className="page-head">
        <h1>{t("quarantine.title")}</h1>
        <span className="quiet">{t("quarantine.why")}</span>
      </header>
      <div className="row">
        <Input.Search
          className="sources-filter"
          defaultValue={params.get("q") ?? ""}
          placeholder={t("quarantine.filter")}
          aria-label={t("quarantine.filter")}
          allowClear
          onSearch={(value) => {
            const next = new URLSearchParams(params);
            if (value.trim()) next.set("q", value.trim());
            else next.delete("q");
            setParams(next);
          }}
        />
        {mayReplay && (
          <>
            <Button disabled={picked.length === 0} onClick={() => void replay({ ids: [...picked] })}>
              {t("quarantine.replay")} ({picked.length})
            </Button>
            <Button onClick={() => void replayAll()}>{t("quarantine.replayAll")}</Button>
          </>
        )}
      </div>
      <section className="card sources-list">
        {list.rows.length === 0 ? (
          <Nothing text={t("quarantine.empty")} />
        ) : (
          <Table
            label={t("quarantine.title")}
            columns={columns}
            rows={list.rows}
            keyOf={(row) => row.id}
            onOpen={(row) => {
              setOpen(row.id);
            }}
            testId="quarantine"
          />
        )}
        <More query={list.query} />
      </section>
      <Drawer
        open={open !== undefined}
        onClose={() => {
          setOpen(undefined);
        }}
        size={560}
        title={t("quarantine.original")}
        destroyOnHidden
      >
        {open && <Original id={open} />}
      </Drawer>
    </div>
  );
}
