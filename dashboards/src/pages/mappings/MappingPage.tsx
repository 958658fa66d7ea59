/** One mapping: its editor, its versions, and the sources that it reads. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Popconfirm } from "antd";
import { useState, type ReactNode } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { Failure, Loading } from "../../components/States";
import { Table } from "../../components/Table";
import { time } from "../../format";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { MappingEditor } from "./MappingEditor";

type Detail = Schemas["MappingDetail"];

function Versions({ mapping, onRun }: { mapping: Detail; onRun: (number: number) => void }): ReactNode {
  const { t } = useTexts("mappings");
  const { may } = useSession();
  const [open, setOpen] = useState<number>();
  const chosen = mapping.versions.find((one) => one.number === open);
  return (
    <section className="card">
      <h2>{t("versions")}</h2>
      <Table
        label={t("versions")}
        testId="mapping-versions"
        rows={mapping.versions}
        keyOf={(row) => String(row.number)}
        columns={[
          { key: "number", title: t("version"), cell: (row) => <span className="number">{row.number}</span> },
          { key: "at", title: t("when"), cell: (row) => <span className="number">{time(row.added_at)}</span> },
          { key: "by", title: t("who"), cell: (row) => row.added_by },
          { key: "note", title: t("note"), cell: (row) => row.note },
          { key: "current", title: t("current"), cell: (row) => (row.current ? "●" : "") },
          {
            key: "act",
            title: t("show"),
            cell: (row) => (
              <div className="row">
                <Button size="small" onClick={() => { setOpen(row.number); }}>{t("show")}</Button>
                {!row.current && may("mappings.write") && <Button size="small" onClick={() => { onRun(row.number); }}>{t("run")}</Button>}
              </div>
            ),
          },
        ]}
      />
      {chosen && <pre className="mono tried-record" tabIndex={0} data-testid="mapping-diff">{chosen.diff.join("\n")}</pre>}
    </section>
  );
}

function UsedBy({ mapping }: { mapping: Detail }): ReactNode {
  const { t } = useTexts("mappings");
  return (
    <section className="card">
      <h2>{t("usedBy")}</h2>
      {mapping.used_by.length === 0 ? (
        <p>
          {t("unused")} <code className="mono">{mapping.parser}</code>
        </p>
      ) : (
        <ul>
          {mapping.used_by.map((one) => (
            <li key={one.id}><Link to={`/sources/${one.id}`}>{one.name}</Link></li>
          ))}
        </ul>
      )}
    </section>
  );
}

export default function MappingPage(): ReactNode {
  const { id = "" } = useParams();
  const { t } = useTexts("mappings");
  const { t: common } = useTexts("common");
  const { may } = useSession();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const path = { mapping_id: id };
  const found = useQuery({ queryKey: ["mapping", id], queryFn: () => take(api.GET("/api/v1/parser-mappings/{mapping_id}", { params: { path } })) });
  if (found.isPending) return <Loading />;
  if (found.isError) return <Failure error={found.error} retry={() => void found.refetch()} />;
  const header = { "If-Match": `"${String(found.data.version)}"` };
  const act = async (change: () => Promise<unknown>): Promise<boolean> => {
    try {
      await change();
      await queries.invalidateQueries({ queryKey: ["mappings"] });
      return true;
    } catch (error) {
      void message.error(error instanceof ApiError ? error.message : common("unreachable"));
      return false;
    }
  };
  const run = async (number: number): Promise<void> => {
    await act(() => take(api.POST("/api/v1/parser-mappings/{mapping_id}/versions/{number}/run", { params: { path: { ...path, number }, header } })));
    await found.refetch();
  };
  const remove = async (): Promise<void> => {
    if (await act(() => take(api.DELETE("/api/v1/parser-mappings/{mapping_id}", { params: { path, header } })))) void navigate("/mappings");
  };
  return (
    <div>
      <header className="page-head">
        <h1>{found.data.name}</h1>
        <span className="mono quiet">{found.data.parser}</span>
        <span className="grow" />
        {may("mappings.write") && found.data.used_by.length === 0 && (
          <Popconfirm title={t("delete")} onConfirm={() => void remove()}>
            <Button>{t("delete")}</Button>
          </Popconfirm>
        )}
      </header>
      <MappingEditor key={`${id} ${String(found.data.version)}`} mapping={found.data} />
      <UsedBy mapping={found.data} />
      <Versions mapping={found.data} onRun={(number) => void run(number)} />
    </div>
  );
}
