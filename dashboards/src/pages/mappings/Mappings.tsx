/** The mappings there are, and a record tried as a source would send it. */
import { useQuery } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState, type ReactNode } from "react";
import { Link, useNavigate } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { number, time } from "../../format";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { Tried } from "./Tried";

type Brief = Schemas["MappingBrief"];

/** Paste a record, see what becomes of it. `parser` empty: recognised by itself. */
export function TryRecord({ parser = "" }: { parser?: string }): ReactNode {
  const { t } = useTexts("mappings");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const [text, setText] = useState("");
  const [result, setResult] = useState<Schemas["TrialResult"]>();
  const run = async (): Promise<void> => {
    try {
      setResult(await take(api.POST("/api/v1/parsers/trial", { body: { sample: text, parser, timezone: "Asia/Shanghai" } })));
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
  return (
    <section className="card" aria-label={t("try")}>
      <h2>{t("try")}</h2>
      <p className="quiet">{t("tryHow")}</p>
      <Input.TextArea
        className="mono"
        autoSize={{ minRows: 2, maxRows: 8 }}
        maxLength={65_536}
        spellCheck={false}
        value={text}
        aria-label={t("try")}
        data-testid="try-record"
        onChange={(event) => { setText(event.target.value); }}
      />
      <div className="row">
        <Button disabled={text.trim() === ""} data-testid="try-run" onClick={() => void run()}>{t("tryRun")}</Button>
      </div>
      {result && <Tried result={result} parsers />}
    </section>
  );
}

export default function Mappings(): ReactNode {
  const { t, language } = useTexts("mappings");
  const { may } = useSession();
  const navigate = useNavigate();
  const list = useQuery({ queryKey: ["mappings"], queryFn: () => take(api.GET("/api/v1/parser-mappings")) });
  if (list.isPending) return <Loading />;
  if (list.isError) return <Failure error={list.error} retry={() => void list.refetch()} />;
  const columns: Column<Brief>[] = [
    { key: "name", title: t("column.name"), cell: (row) => <Link to={`/mappings/${row.id}`}>{row.name}</Link> },
    { key: "product", title: t("product"), cell: (row) => row.product },
    { key: "form", title: t("column.form"), cell: (row) => t(`forms.${row.form}`) },
    { key: "fields", title: t("column.fields"), numeric: true, cell: (row) => number(row.fields, language) },
    { key: "sources", title: t("column.sources"), numeric: true, cell: (row) => number(row.sources, language) },
    { key: "changed", title: t("column.changed"), cell: (row) => <span className="number">{time(row.changed_at)}</span> },
    { key: "by", title: t("column.by"), cell: (row) => row.changed_by },
  ];
  return (
    <div>
      <header className="page-head">
        <h1>{t("title")}</h1>
        <span className="grow" />
        {may("mappings.write") && <Button type="primary" data-testid="mapping-new" onClick={() => void navigate("/mappings/new")}>{t("create")}</Button>}
      </header>
      <p className="quiet">{t("about")}</p>
      <section className="card">
        {list.data.items.length === 0 ? (
          <p className="quiet">{t("none")}</p>
        ) : (
          <Table label={t("title")} columns={columns} rows={list.data.items} keyOf={(row) => row.id} onOpen={(row) => void navigate(`/mappings/${row.id}`)} testId="mappings" />
        )}
      </section>
      {may("sources.write") && <TryRecord />}
    </div>
  );
}
