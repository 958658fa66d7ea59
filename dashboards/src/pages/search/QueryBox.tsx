/** The query line: completion of field names, and the place and reason of a mistake. */
import { useQuery } from "@tanstack/react-query";
import { AutoComplete, Button, Input } from "antd";
import { useState, type ReactNode } from "react";
import { api, take, type Problem } from "../../api/client";
import { useTexts } from "../../i18n/use";

interface Props {
  value: string;
  problem: Problem | undefined;
  onRun: (query: string) => void;
}

const WORD = /[\w.@]+$/;

export function QueryBox({ value, problem, onRun }: Props): ReactNode {
  const { t, language } = useTexts("search");
  const [text, setText] = useState(value);
  const [before, setBefore] = useState(value);
  if (value !== before) {
    setBefore(value);
    setText(value);
  }
  const word = WORD.exec(text)?.[0] ?? "";
  const fields = useQuery({
    queryKey: ["fields", word],
    queryFn: () => take(api.GET("/api/v1/fields", { params: { query: { q: word, limit: 8 } } })),
    enabled: word.length > 1,
    staleTime: Infinity,
  });
  const options =
    word.length > 1
      ? (fields.data?.items ?? []).map((field) => ({
          value: text.replace(WORD, `${field.name}:`),
          label: (
            <span className="search-field">
              <span className="mono">{field.name}</span>
              <span className="quiet">{language === "zh" ? field.meaning_zh : field.meaning_en}</span>
            </span>
          ),
        }))
      : [];
  const run = (): void => {
    onRun(text.trim());
  };
  return (
    <div>
      <div className="search-box">
        <AutoComplete value={text} options={options} onChange={setText} className="grow" defaultActiveFirstOption={false}>
          <Input
            className="mono"
            aria-label={t("title")}
            placeholder={t("query")}
            data-testid="query"
            status={problem ? "error" : ""}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey || options.length === 0)) run();
            }}
          />
        </AutoComplete>
        <Button type="primary" onClick={run} data-testid="run">
          {t("run")}
        </Button>
      </div>
      {problem && (
        <div className="search-wrong" role="alert" data-testid="query-problem">
          {problem.position !== null && (
            <pre className="mono">
              {text}
              {"\n"}
              {" ".repeat(problem.position)}^
            </pre>
          )}
          {t("wrong", { detail: problem.detail })}
        </div>
      )}
    </div>
  );
}
