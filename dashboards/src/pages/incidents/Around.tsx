import { Button } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Schemas } from "../../api/client";
import { Severity, Status } from "../../components/marks";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { searchForEntity } from "../search/fields";

const SHOWN = 40;

export function Entities({ entities }: { entities: readonly Schemas["Entity"][] }): ReactNode {
  const { t } = useTexts("incidents");
  const { may } = useSession();
  return (
    <ul className="chips">
      {entities.slice(0, SHOWN).map((entity) => (
        <li key={`${entity.kind}:${entity.value}`}>
          <span className="quiet">{t(`entityKind.${entity.kind}`)}</span>{" "}
          {may("events.read") ? (
            <Link className="mono" to={searchForEntity(entity.kind, entity.value)}>
              {entity.value}
            </Link>
          ) : (
            <span className="mono">{entity.value}</span>
          )}
        </li>
      ))}
      {entities.length > SHOWN && <li className="quiet">+{entities.length - SHOWN}</li>}
    </ul>
  );
}

interface RelatedProps {
  rows: readonly Schemas["RelatedIncident"][];
  onMerge: ((id: string) => void) | undefined;
}

export function Related({ rows, onMerge }: RelatedProps): ReactNode {
  const { t, language } = useTexts("incidents");
  const { t: common } = useTexts("common");
  if (rows.length === 0) return <p className="quiet">{common("none")}</p>;
  return (
    <ul className="related">
      {rows.map((row) => (
        <li key={row.id}>
          <Severity level={row.severity_level} /> <Link to={`/incidents/${row.id}`}>{pick(row, "title", language)}</Link>{" "}
          <Status status={row.status as "new"} />
          {row.shared.length > 0 && (
            <span className="quiet">
              {" "}
              {t("relatedShared", { shared: row.shared.map((one) => (typeof one === "string" ? one : one.value)).join(", ") })}
            </span>
          )}
          {onMerge && (
            <Button
              size="small"
              type="text"
              onClick={() => {
                onMerge(row.id);
              }}
            >
              {t("act.merge")}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}
