import { useMutation } from "@tanstack/react-query";
import { Alert, Button, Input } from "antd";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { More } from "../../components/More";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { number, time } from "../../format";
import { useTexts } from "../../i18n/use";

type Entry = Schemas["AuditEntry"];

function Verified({ result }: { result: Schemas["AuditVerification"] }): ReactNode {
  const { t, language } = useTexts("operations");
  return (
    <Alert
      showIcon
      role="status"
      type={result.ok ? "success" : "warning"}
      title={
        result.ok
          ? t("audit.ok", { checked: number(result.checked, language), head: result.head.slice(0, 16) })
          : t("audit.bad", { seq: result.first_bad, reason: result.reason })
      }
    />
  );
}

export default function Audit(): ReactNode {
  const { t } = useTexts("operations");
  const [params, setParams] = useSearchParams();
  const query = {
    ...(params.get("actor") ? { actor: params.get("actor") ?? "" } : {}),
    ...(params.get("action") ? { action: params.get("action") ?? "" } : {}),
  };
  const list = useList(["audit", params.toString()], (cursor) =>
    take(api.GET("/api/v1/audit", { params: { query: { ...query, limit: 100, ...(cursor ? { cursor } : {}) } } })),
  );
  const verify = useMutation({ mutationFn: () => take(api.GET("/api/v1/audit/verify")) });
  const filter = (name: "actor" | "action"): ReactNode => {
    const label = t(name === "actor" ? "audit.filterActor" : "audit.filterAction");
    return (
      <Input.Search
        style={{ maxWidth: 220 }}
        placeholder={label}
        aria-label={label}
        allowClear
        defaultValue={params.get(name) ?? ""}
        onSearch={(value) => {
          const next = new URLSearchParams(params);
          if (value.trim()) next.set(name, value.trim());
          else next.delete(name);
          setParams(next);
        }}
      />
    );
  };
  const columns: Column<Entry>[] = [
    { key: "seq", title: t("audit.seq"), numeric: true, cell: (row) => row.seq },
    { key: "at", title: t("audit.at"), cell: (row) => <span className="number">{time(row.at)}</span> },
    { key: "actor", title: t("audit.actor"), cell: (row) => row.actor },
    { key: "action", title: t("audit.action"), cell: (row) => <span className="mono">{row.action}</span> },
    { key: "object", title: t("audit.object"), cell: (row) => `${row.object_kind} ${row.object_id}` },
    { key: "detail", title: t("audit.detail"), cell: (row) => <code className="mono">{JSON.stringify(row.detail)}</code> },
  ];
  if (list.query.isPending) return <Loading />;
  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  return (
    <div>
      <header className="page-head">
        <h1>{t("audit.title")}</h1>
        {filter("actor")}
        {filter("action")}
        <span className="grow" />
        <Button
          loading={verify.isPending}
          data-testid="verify"
          onClick={() => {
            verify.mutate();
          }}
        >
          {t("audit.verify")}
        </Button>
      </header>
      {verify.data && <Verified result={verify.data} />}
      <section className="card">
        {list.rows.length === 0 ? <Nothing /> : <Table label={t("audit.title")} columns={columns} rows={list.rows} keyOf={(row) => String(row.seq)} testId="audit" />}
        <More query={list.query} />
      </section>
    </div>
  );
}
