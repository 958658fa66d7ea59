import { useQuery } from "@tanstack/react-query";
import { Input } from "antd";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { number, percent } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";

type Rule = Schemas["RuleHistory"];

export function Rules(): ReactNode {
  const { t, language } = useTexts("feedback");
  const [words, setWords] = useState("");
  const rules = useQuery({
    queryKey: ["rule-verdicts", words],
    queryFn: () => take(api.GET("/api/v1/rule-verdicts", { params: { query: { q: words, limit: 50 } } })),
    placeholderData: (before) => before,
  });
  if (rules.isPending) return <Loading />;
  if (rules.isError) return <Failure error={rules.error} retry={() => void rules.refetch()} />;
  const count = (name: "true_positive" | "false_positive" | "benign_positive" | "other"): Column<Rule> => ({
    key: name,
    title: t(`rules.${name}`),
    numeric: true,
    cell: (row) => number(row[name], language),
  });
  const columns: Column<Rule>[] = [
    {
      key: "rule",
      title: t("field.rule"),
      cell: (row) => <Link to={`/search?q=${encodeURIComponent(`rule.name:"${row.rule.replaceAll('"', '\\"')}"`)}`}>{row.rule}</Link>,
    },
    { key: "enterprise", title: t("rules.enterprise"), cell: (row) => (row.enterprise ? nameOf(row.enterprise, language) : "–") },
    { key: "hits", title: t("rules.hits", { days: rules.data.days }), numeric: true, cell: (row) => number(row.hits, language) },
    count("true_positive"),
    count("false_positive"),
    count("benign_positive"),
    count("other"),
    {
      key: "rate",
      title: t("rules.rate"),
      numeric: true,
      cell: (row) => (row.false_rate === null ? "–" : percent(row.false_rate, language)),
    },
    { key: "factor", title: t("rules.factor"), numeric: true, cell: (row) => (row.factor === null ? "–" : `×${number(row.factor, language, 2)}`) },
  ];
  return (
    <>
      <Input.Search
        style={{ maxWidth: 280 }}
        allowClear
        placeholder={t("rules.filter")}
        aria-label={t("rules.filter")}
        onSearch={(value) => {
          setWords(value.trim());
        }}
      />
      {rules.data.items.length === 0 ? (
        <Nothing text={t("rules.none")} />
      ) : (
        <Table
          label={t("tuning.views.rules")}
          columns={columns}
          rows={rules.data.items}
          keyOf={(row) => `${row.rule}\n${row.enterprise?.id ?? ""}`}
          testId="rule-verdicts"
        />
      )}
    </>
  );
}
