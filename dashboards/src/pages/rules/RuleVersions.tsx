/** Versions of a rule, what each changed, and who did what to it. */
import { useQuery } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useState, type ReactNode } from "react";
import { ApiError, api, take } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { Table } from "../../components/Table";
import { time } from "../../format";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { RuleSource, type Detail } from "./ruleParts";

function kind(line: string): string {
  return line.startsWith("+") ? "diff-added" : line.startsWith("-") ? "diff-removed" : "";
}

function Change({ id, number }: { id: string; number: number }): ReactNode {
  const { t } = useTexts("rulebook");
  const found = useQuery({
    queryKey: ["rule", id, "version", number],
    queryFn: () => take(api.GET("/api/v1/rules/{rule_id}/versions/{number}", { params: { path: { rule_id: id, number } } })),
  });
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failure error={found.error} />;
  if (found.data.previous === null) {
    return (
      <>
        <p className="quiet">{t("first")}</p>
        <RuleSource body={found.data.body} />
      </>
    );
  }
  return (
    <pre className="rule-source mono" tabIndex={0} role="region" aria-label={t("show")} data-testid="rule-diff">
      {found.data.diff.map((line, index) => (
        <span key={index} className={kind(line)}>{`${line}\n`}</span>
      ))}
    </pre>
  );
}

export function RuleVersions({ rule, onChanged }: { rule: Detail; onChanged: () => void }): ReactNode {
  const { t } = useTexts("rulebook");
  const { t: common } = useTexts("common");
  const { may } = useSession();
  const { message } = App.useApp();
  const [shown, setShown] = useState(rule.versions[0]?.number ?? 1);
  const rerun = async (number: number): Promise<void> => {
    try {
      await take(
        api.POST("/api/v1/rules/{rule_id}/versions/{number}/run", {
          params: { path: { rule_id: rule.id, number }, header: { "If-Match": `"${String(rule.version)}"` } },
        }),
      );
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
    onChanged();
  };
  return (
    <>
      <Table
        label={t("tabs.versions")}
        testId="rule-versions"
        rows={rule.versions}
        keyOf={(row) => String(row.number)}
        isMarked={(row) => row.number === shown}
        columns={[
          { key: "number", title: t("version"), cell: (row) => <span className="number">{row.number}</span> },
          { key: "at", title: t("when"), cell: (row) => <span className="number">{time(row.added_at)}</span> },
          { key: "by", title: t("who"), cell: (row) => row.added_by },
          { key: "current", title: t("current"), cell: (row) => (row.current ? "●" : "") },
          {
            key: "act",
            title: t("what"),
            cell: (row) => (
              <div className="row">
                <Button size="small" onClick={() => { setShown(row.number); }}>{t("show")}</Button>
                {!row.current && may("rules.write") && <Button size="small" onClick={() => void rerun(row.number)}>{t("rerun")}</Button>}
              </div>
            ),
          },
        ]}
      />
      <Change id={rule.id} number={shown} />
      <h3>{t("history")}</h3>
      <Table
        label={t("history")}
        testId="rule-history"
        rows={rule.history}
        keyOf={(row) => `${String(row.at)} ${row.action}`}
        columns={[
          { key: "at", title: t("when"), cell: (row) => <span className="number">{time(row.at)}</span> },
          { key: "who", title: t("who"), cell: (row) => row.actor },
          { key: "what", title: t("what"), cell: (row) => row.action },
          { key: "why", title: t("reason"), cell: (row) => row.note },
        ]}
      />
    </>
  );
}
