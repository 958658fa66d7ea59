import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Modal } from "antd";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { More } from "../../components/More";
import { Failure, Loading, Nothing } from "../../components/States";
import { Table, type Column } from "../../components/Table";
import { useList } from "../../components/useList";
import { number, span, time } from "../../format";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";

type Suppression = Schemas["Suppression"];
type Action = Schemas["SuppressionChange"]["action"];
interface Wanted {
  row: Suppression;
  action: Action;
}

const LONGER = 30 * 86_400;
const ACTIONS: Readonly<Record<string, readonly Action[]>> = {
  active: ["extend", "withdraw"],
  proposed: ["accept", "decline"],
  expired: ["extend"],
};

function Condition({ row }: { row: Suppression }): ReactNode {
  const { t } = useTexts("feedback");
  return (
    <ul className="tuning-condition">
      {Object.entries(row.condition).map(([field, value]) => (
        <li key={field}>
          <span className="quiet">{t(`field.${field}`)}</span> <span className="mono">{value}</span>
        </li>
      ))}
    </ul>
  );
}

function ChangeDialog({ wanted, onDone }: { wanted: Wanted; onDone: () => void }): ReactNode {
  const { t } = useTexts("feedback");
  const { t: common } = useTexts("common");
  const { message } = App.useApp();
  const [reason, setReason] = useState("");
  const { row, action } = wanted;
  const save = async (): Promise<void> => {
    try {
      await take(
        api.PATCH("/api/v1/suppressions/{suppression_id}", {
          params: { path: { suppression_id: row.id }, header: { "If-Match": `"${row.version}"` } },
          body: { action, reason: reason.trim(), ...(action === "extend" ? { expires_at: Date.now() / 1000 + LONGER } : {}) },
        }),
      );
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    }
    onDone();
  };
  return (
    <Modal
      open
      title={t(`tuning.action.${action}`)}
      onCancel={onDone}
      onOk={() => void save()}
      okText={t(`tuning.action.${action}`)}
      cancelText={common("cancel")}
      okButtonProps={{ disabled: reason.trim().length < 3 }}
    >
      <Condition row={row} />
      <label>
        <span className="quiet">{t("tuning.why")}</span>
        <Input.TextArea
          autoFocus
          rows={2}
          maxLength={2000}
          value={reason}
          data-testid="tuning-reason"
          onChange={(event) => {
            setReason(event.target.value);
          }}
        />
      </label>
    </Modal>
  );
}

function useColumns(act: (wanted: Wanted) => void): Column<Suppression>[] {
  const { t, language } = useTexts("feedback");
  const { may } = useSession();
  const where = (row: Suppression): string => {
    if (row.extent === "asset") return `${t("extent.asset")} ${row.asset_name || row.asset_id}`;
    return row.enterprise ? nameOf(row.enterprise, language) : nameOf(row.region, language);
  };
  return [
    { key: "condition", title: t("suppress.condition"), cell: (row) => <Condition row={row} /> },
    { key: "where", title: t("suppress.extent"), cell: where },
    {
      key: "reason",
      title: t("tuning.why"),
      cell: (row) => (
        <>
          {row.reason} <span className="quiet">{t(`tuning.origin.${row.origin}`)}</span>
        </>
      ),
    },
    { key: "owner", title: t("tuning.owner"), cell: (row) => row.owner_name || row.owner || "–" },
    {
      key: "hits",
      title: t("tuning.hits"),
      numeric: true,
      cell: (row) => (
        <Link to={`/search?q=${encodeURIComponent(`taishi.suppressed_by:"${row.id}"`)}`} title={row.last_hit ? time(row.last_hit) : ""}>
          {number(row.hits, language)}
        </Link>
      ),
    },
    { key: "last", title: t("tuning.lastHit"), cell: (row) => <span className="number">{row.last_hit ? time(row.last_hit) : "–"}</span> },
    {
      key: "remaining",
      title: t("tuning.remaining"),
      cell: (row) => (row.status === "active" ? span(row.remaining, language) : t(`tuning.status.${row.status}`)),
    },
    {
      key: "act",
      title: t("tuning.act"),
      cell: (row) =>
        may("incidents.write") && (
          <div className="row">
            {(ACTIONS[row.status] ?? []).map((action) => (
              <Button
                key={action}
                size="small"
                data-action={action}
                onClick={() => {
                  act({ row, action });
                }}
              >
                {t(`tuning.action.${action}`)}
              </Button>
            ))}
          </div>
        ),
    },
  ];
}

export function Suppressions({ view }: { view: "active" | "proposed" | "over" }): ReactNode {
  const { t } = useTexts("feedback");
  const queries = useQueryClient();
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const columns = useColumns(setWanted);
  const list = useList(["suppressions", view], (cursor) =>
    take(api.GET("/api/v1/suppressions", { params: { query: { view, limit: 50, ...(cursor ? { cursor } : {}) } } })),
  );
  if (list.query.isPending) return <Loading />;
  if (list.query.isError) return <Failure error={list.query.error} retry={() => void list.query.refetch()} />;
  return (
    <>
      {list.rows.length === 0 ? (
        <Nothing text={t(`tuning.none.${view}`)} />
      ) : (
        <Table label={t(`tuning.views.${view}`)} columns={columns} rows={list.rows} keyOf={(row) => row.id} testId="suppressions" />
      )}
      <More query={list.query} />
      {wanted && (
        <ChangeDialog
          wanted={wanted}
          onDone={() => {
            setWanted(null);
            void queries.invalidateQueries({ queryKey: ["suppressions"] });
          }}
        />
      )}
    </>
  );
}
