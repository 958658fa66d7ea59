/** Enterprises and sources out of a file: what would be done, row by row, and then all of it or nothing. */
import { Alert, Button, Segmented } from "antd";
import { useRef, useState, type ReactNode } from "react";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Table, type Column } from "../../components/Table";
import { number } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import "./sources.css";

type Kind = Schemas["ImportResult"]["kind"];
type Result = Schemas["ImportResult"];
type Row = Schemas["ImportRow"];

const KINDS = ["enterprises", "sources"] as const;
const FIRST = 100;

function send(kind: Kind, file: Blob, apply: boolean): Promise<Result> {
  return take(
    api.POST("/api/v1/imports", {
      params: { query: { kind, apply } },
      // The file goes as it is: what it is, the server tells from its first bytes.
      body: file as never,
      bodySerializer: (body: unknown) => body as Blob,
      headers: { "Content-Type": "application/octet-stream" },
    }),
  );
}

function Rows({ result }: { result: Result }): ReactNode {
  const { t, language } = useTexts("imports");
  const columns: Column<Row>[] = [
    { key: "line", title: t("line"), numeric: true, cell: (row) => number(row.line, language) },
    { key: "key", title: t("key"), cell: (row) => <span className="mono">{row.key}</span> },
    { key: "name", title: t("name"), cell: (row) => row.name },
    { key: "change", title: t("change"), cell: (row) => <span className="status">{t(`changes.${row.change}`)}</span> },
    {
      key: "detail",
      title: t("detail"),
      cell: (row) =>
        row.problems.length > 0
          ? row.problems.map((one) => (
              <div key={`${one.column}${one.message_en}`}>
                <span className="mono">{one.column}</span> {pick(one, "message", language)}
              </div>
            ))
          : row.changed.join(", "),
    },
  ];
  const wrong = result.rows.filter((row) => row.problems.length > 0);
  return (
    <Table label={t("title")} columns={columns} rows={wrong.length > 0 ? wrong : result.rows} keyOf={(row) => String(row.line)} first={FIRST} testId="import-rows" />
  );
}

function Keys({ keys }: { keys: Result["keys"] }): ReactNode {
  const { t } = useTexts("imports");
  const save = (): void => {
    const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
    const text = ["enterprise_id,source_id,name,key", ...keys.map((one) => [one.enterprise_id, one.source_id, one.name, one.key].map(quoted).join(","))].join("\r\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
    link.download = "taishi-keys.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <>
      <p className="row">
        <strong>{t("keys")}</strong>
        <Button size="small" onClick={save}>
          {t("save")}
        </Button>
      </p>
      <ul className="plain">
        {keys.map((one) => (
          <li key={one.source_id}>
            {one.name} <code>{one.key}</code>
          </li>
        ))}
      </ul>
    </>
  );
}

export default function Import(): ReactNode {
  const { t, language } = useTexts("imports");
  const { t: common } = useTexts("common");
  const [kind, setKind] = useState<Kind>("enterprises");
  const [file, setFile] = useState<File>();
  const [result, setResult] = useState<Result>();
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);

  const run = async (chosen: File, apply: boolean): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      setResult(await send(kind, chosen, apply));
    } catch (error) {
      setResult(undefined);
      setProblem(error instanceof ApiError ? error.message : common("unreachable"));
    }
    setBusy(false);
  };
  const clear = (): void => {
    setFile(undefined);
    setResult(undefined);
    setProblem("");
  };
  const counted = (key: string, found: Result): string =>
    t(key, {
      created: number(found.created, language),
      updated: number(found.updated, language),
      same: number(found.same, language),
      wrong: number(found.wrong, language),
    });
  const writable = result && !result.applied && result.wrong === 0 && result.created + result.updated > 0;
  return (
    <div className="sources">
      <header className="page-head">
        <h1>{t("title")}</h1>
        <span className="quiet">{t("lead")}</span>
      </header>
      <section className="card">
        <div className="row">
          <Segmented<Kind>
            aria-label={t("kind")}
            value={kind}
            onChange={(value) => {
              setKind(value);
              clear();
            }}
            options={KINDS.map((value) => ({ value, label: t(`kinds.${value}`) }))}
          />
          <span>
            {t("template")}{" "}
            {(["xlsx", "csv"] as const).map((form) => (
              <a key={form} className="import-template" href={`/api/v1/imports/template?kind=${kind}&form=${form}`} download>
                {form.toUpperCase()}
              </a>
            ))}
          </span>
          <input
            ref={chooser}
            type="file"
            className="visually-hidden"
            accept=".csv,.xlsx,.json,.txt"
            aria-label={t("choose")}
            data-testid="import-file"
            onChange={(event) => {
              const chosen = event.target.files?.[0];
              event.target.value = ""; // the same file, corrected, can be chosen again
              if (!chosen) return;
              setFile(chosen);
              void run(chosen, false);
            }}
          />
          <Button loading={isBusy} onClick={() => chooser.current?.click()}>
            {t("choose")}
          </Button>
          {file && <span className="quiet">{t("file", { name: file.name })}</span>}
        </div>
        {problem && <Alert type="warning" showIcon title={problem} role="alert" />}
        {result && (
          <p role="status" data-testid="import-status" data-applied={result.applied}>
            {counted(result.applied ? "applied" : "counts", result)} {result.wrong > 0 && t("fix")}
          </p>
        )}
        {writable && file && (
          <Button type="primary" loading={isBusy} data-testid="import-apply" onClick={() => void run(file, true)}>
            {t("apply", { count: number(result.rows.length, language) })}
          </Button>
        )}
        {result && result.keys.length > 0 && <Keys keys={result.keys} />}
      </section>
      {result && (
        <section className="card sources-list">
          <Rows result={result} />
        </section>
      )}
    </div>
  );
}
