import { useQuery } from "@tanstack/react-query";
import { App, Button, Form, Input, InputNumber, Select } from "antd";
import { useMemo, type ReactNode } from "react";
import { Link, useParams } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Trend } from "../../charts/Trend";
import { Failure, Loading } from "../../components/States";
import { Table } from "../../components/Table";
import { number, percent, shortTime, span, time } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { useBalanceColumns } from "./BalanceCells";
import { SourceStatus } from "./SourceStatus";
import "./sources.css";

type Source = Schemas["Source"];
type Hour = Schemas["HourBalance"];

interface Entry {
  name: string;
  state: Source["state"];
  parser: string;
  timezone: string;
  quota_per_second: number;
  expected_period: number;
}

function Facts({ source }: { source: Source }): ReactNode {
  const { t, language } = useTexts("operations");
  const rows: readonly (readonly [string, ReactNode])[] = [
    [t("sources.enterprise"), <Link key="e" to={`/enterprises/${source.enterprise.id}`}>{nameOf(source.enterprise, language)}</Link>],
    [t("sources.product"), source.product],
    [t("sources.parser"), <span key="p" className="mono">{source.parser || "auto"}</span>],
    [t("sources.transport"), source.transport],
    [t("sources.kind"), t(`sources.kinds.${source.data_kind}`)],
    [t("sources.encoding"), source.encoding],
    [t("sources.timezone"), source.timezone],
    [t("sources.addresses"), source.addresses.join(", ") || "–"],
    [t("sources.key"), t(source.has_key ? "sources.hasKey" : "sources.noKey")],
    [t("sources.state"), t(`sources.states.${source.state}`)],
    [t("sources.last"), source.last_seen === null ? t("sources.never") : time(source.last_seen)],
    [t("sources.delay"), source.delay_mean === null ? "–" : span(source.delay_mean, language)],
    [t("sources.skew"), `${number(source.clock_skew, language)} s`],
    [t("sources.rate"), source.parse_rate === null ? "–" : percent(source.parse_rate, language, 1)],
    [t("sources.quota"), number(source.quota_per_second, language)],
  ];
  return (
    <dl className="facts">
      {rows.map(([name, value]) => [<dt key={`${name}-t`}>{name}</dt>, <dd key={`${name}-d`}>{value}</dd>])}
    </dl>
  );
}

function Edit({ source, onDone }: { source: Source; onDone: () => void }): ReactNode {
  const { t } = useTexts("operations");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const save = async (entry: Entry): Promise<void> => {
    try {
      await take(
        api.PATCH("/api/v1/sources/{source_id}", {
          params: { path: { source_id: source.id }, header: { "If-Match": `"${source.version}"` } },
          body: { ...entry },
        }),
      );
      void message.success(t("sources.saved"));
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
    onDone();
  };
  return (
    <Form<Entry> layout="vertical" initialValues={source} onFinish={save} requiredMark={false} className="source-edit">
      <Form.Item name="name" label={t("sources.name")} rules={[{ required: true, message: "" }]}>
        <Input maxLength={120} />
      </Form.Item>
      <Form.Item name="state" label={t("sources.state")}>
        <Select options={(["learning", "active", "disabled"] as const).map((value) => ({ value, label: t(`sources.states.${value}`) }))} />
      </Form.Item>
      <Form.Item name="parser" label={t("sources.parser")}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="timezone" label={t("sources.timezone")}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="quota_per_second" label={t("sources.quota")}>
        <InputNumber min={0} />
      </Form.Item>
      <Form.Item name="expected_period" label={t("sources.period2")}>
        <InputNumber min={1} />
      </Form.Item>
      <Button type="primary" htmlType="submit">
        {t("sources.edit")}
      </Button>
    </Form>
  );
}

export default function SourcePage(): ReactNode {
  const { id = "" } = useParams();
  const { t } = useTexts("operations");
  const { t: onboarding } = useTexts("onboarding");
  const { may } = useSession();
  const path = { source_id: id };
  const source = useQuery({ queryKey: ["source", id], queryFn: () => take(api.GET("/api/v1/sources/{source_id}", { params: { path } })) });
  const hours = useQuery({
    queryKey: ["source-balance", id],
    queryFn: () => take(api.GET("/api/v1/sources/{source_id}/balance", { params: { path } })),
  });
  const columns = useBalanceColumns<Hour>((row) => row);
  const lines = useMemo(
    () => [
      { name: t("sources.received"), kind: "bar" as const, points: (hours.data?.items ?? []).map((row) => [row.hour, row.received] as const) },
      { name: t("sources.quarantined"), kind: "line" as const, points: (hours.data?.items ?? []).map((row) => [row.hour, row.quarantined] as const) },
    ],
    [hours.data, t],
  );
  if (source.isPending) return <Loading />;
  if (source.isError) return <Failure error={source.error} retry={() => void source.refetch()} />;
  return (
    <div className="sources">
      <header className="page-head">
        <h1>{source.data.name}</h1>
        <SourceStatus source={source.data} />
        <span className="grow" />
        {may("sources.write") && <Link to={`/sources/${id}/connect`}>{onboarding("connect")}</Link>}
        {may("events.read") && (
          <Link to={`/search?${new URLSearchParams({ q: `taishi.source_id:"${id}"` }).toString()}`}>{t("sources.events")}</Link>
        )}
        {may("quarantine.read") && <Link to={`/quarantine?source_id=${encodeURIComponent(id)}`}>{t("sources.quarantine")}</Link>}
      </header>
      <div className="columns">
        <section className="card">
          <h2>{t("sources.facts")}</h2>
          <Facts source={source.data} />
        </section>
        {may("sources.write") && (
          <section className="card">
            <h2>{t("sources.edit")}</h2>
            <Edit key={source.data.version} source={source.data} onDone={() => void source.refetch()} />
          </section>
        )}
      </div>
      <section className="card">
        <h2>{t("sources.balance")}</h2>
        <Trend label={t("sources.balance")} lines={lines} height={170} />
        <Table
          label={t("sources.balance")}
          columns={[{ key: "hour", title: t("sources.hour"), cell: (row: Hour) => shortTime(row.hour) }, ...columns]}
          rows={[...(hours.data?.items ?? [])].reverse()}
          keyOf={(row) => String(row.hour)}
        />
      </section>
    </div>
  );
}
