/** Changes to many incidents: preview on a query, a report per item, and one step of undo. */
import { useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useCallback, useRef } from "react";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { useTexts } from "../../i18n/use";
import { body, size, type Selection } from "./selection";

export type Change = Schemas["IncidentChange"];
type Result = Schemas["BulkResult"];

interface Bulk {
  /** Resolves to whether anything was sent. */
  apply: (selection: Selection, change: Partial<Change>, versions: ReadonlyMap<string, number>) => Promise<boolean>;
  undo: () => Promise<void>;
}

export function useBulk(): Bulk {
  const { t } = useTexts("incidents");
  const { t: common } = useTexts("common");
  const { message, modal } = App.useApp();
  const queries = useQueryClient();
  const last = useRef("");

  const reload = useCallback(async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ["incidents"] }),
      queries.invalidateQueries({ queryKey: ["incident-facets"] }),
      queries.invalidateQueries({ queryKey: ["incident"] }),
    ]);
  }, [queries]);

  const failed = useCallback(
    (error: unknown) => {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
    },
    [message, common],
  );

  const undo = useCallback(async () => {
    if (!last.current) {
      void message.info(t("nothingToUndo"));
      return;
    }
    try {
      const result = await take(api.POST("/api/v1/incidents/undo", { body: { bulk_id: last.current } }));
      last.current = "";
      void message.success(t("undone", { count: result.changed }));
      await reload();
    } catch (error) {
      failed(error);
    }
  }, [message, t, reload, failed]);

  const report = useCallback(
    (result: Result) => {
      const all = result.matched;
      const conflict = result.results.filter((item) => item.result === "conflict").length;
      const other = all - result.changed - conflict;
      const text =
        result.changed === all
          ? t("result", { changed: result.changed, all })
          : t("partly", { changed: result.changed, all, conflict, other });
      void (result.changed === all ? message.success(text) : message.warning(text, 6));
    },
    [message, t],
  );

  const apply = useCallback<Bulk["apply"]>(
    async (selection, change, versions) => {
      const request = { selection: body(selection, versions), change };
      const send = (preview: boolean): Promise<Result> =>
        take(api.POST("/api/v1/incidents/bulk", { body: { ...request, preview } }));
      try {
        if (selection.mode === "query") {
          const { matched } = await send(true);
          const agreed = await modal.confirm({ title: t("preview", { count: matched }), okText: common("confirm"), cancelText: common("cancel") });
          if (!agreed) return false;
        } else if (size(selection, 0) === 0) {
          return false;
        }
        const result = await send(false);
        if (result.changed > 0) last.current = result.bulk_id;
        report(result);
        await reload();
        return true;
      } catch (error) {
        failed(error);
        return false;
      }
    },
    [modal, t, common, report, reload, failed],
  );

  return { apply, undo };
}
