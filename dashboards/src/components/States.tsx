import { Button, Empty, Result, Spin } from "antd";
import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { useTexts } from "../i18n/use";

export function Loading(): ReactNode {
  const { t } = useTexts("common");
  return (
    <div className="state" role="status" aria-label={t("loading")}>
      <Spin />
    </div>
  );
}

export function Nothing({ text }: { text?: string }): ReactNode {
  const { t } = useTexts("common");
  return <Empty className="state" image={Empty.PRESENTED_IMAGE_SIMPLE} description={text ?? t("nothing")} />;
}

/** What went wrong, in the API's words where it answered, and a way to try again. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }): ReactNode {
  const { t } = useTexts("common");
  const refused = error instanceof ApiError;
  const title = refused && error.status === 403 ? t("forbidden") : refused ? error.message : t("unreachable");
  return (
    <Result
      status={refused && error.status === 403 ? "403" : "warning"}
      title={title}
      extra={retry ? <Button onClick={retry}>{t("retry")}</Button> : undefined}
    />
  );
}
