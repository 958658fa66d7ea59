import { Button } from "antd";
import type { ReactNode } from "react";
import { useTexts } from "../i18n/use";

interface Loading {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** The button under a list that has further pages. */
export function More({ query }: { query: Loading }): ReactNode {
  const { t } = useTexts("common");
  if (!query.hasNextPage) return null;
  return (
    <div className="more">
      <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {t("more")}
      </Button>
    </div>
  );
}
