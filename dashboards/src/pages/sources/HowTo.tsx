import { Alert, Button } from "antd";
import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { useTexts } from "../../i18n/use";

interface Props {
  transport: Schemas["Source"]["transport"];
  secret: string | undefined;
}

/** What to do on the sending side, with a line that can be copied. */
export function HowTo({ transport, secret }: Props): ReactNode {
  const { t } = useTexts("operations");
  const { t: common } = useTexts("common");
  const host = window.location.hostname;
  const line =
    transport === "http"
      ? `curl -H "Authorization: Bearer ${secret ?? "KEY"}" -H "X-Batch-Id: 1" --data-binary @eve.json http://${host}:8089/v1/ingest`
      : `logger --server ${host} --port 5514 --tcp "test"`;
  return (
    <div className="how-to">
      {secret && <Alert type="info" showIcon title={t("sources.keyOnce")} />}
      <p>{t(transport === "http" ? "sources.httpHow" : "sources.syslogHow")}</p>
      <pre className="mono" tabIndex={0} data-testid="how-to">
        {line}
      </pre>
      <Button size="small" onClick={() => void navigator.clipboard.writeText(line)}>
        {common("copy")}
      </Button>
    </div>
  );
}
