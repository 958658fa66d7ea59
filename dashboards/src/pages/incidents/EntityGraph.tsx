/** Who acted on whom in an incident. Drawn for the eye, a table for everybody else; arrows move, Enter searches. */
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useMemo, useState, type KeyboardEvent, type ReactNode } from "react";
import { Link, useNavigate } from "react-router";
import { api, take, type Schemas } from "../../api/client";
import { Loading } from "../../components/States";
import { number, time } from "../../format";
import { pick } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { useSession } from "../../session";
import { searchForEntity } from "../search/fields";
import { graphOf, neighbour, NODE_HEIGHT, NODE_WIDTH, type Edge, type Graph, type Node } from "./graph";
import "./graph.css";

const FEW = 16;
const MANY = 120;
const LABEL = 21;

interface Chosen {
  title: string;
  metas: readonly string[];
  values: readonly string[];
  kind: string;
}

function short(text: string): string {
  return text.length > LABEL ? `${text.slice(0, LABEL - 1)}…` : text;
}

function Line({ edge, graph, active, onChoose }: { edge: Edge; graph: Graph; active: boolean; onChoose: () => void }): ReactNode {
  const from = graph.nodes.find((node) => node.id === edge.from);
  const to = graph.nodes.find((node) => node.id === edge.to);
  if (!from || !to) return null;
  const back = to.x <= from.x;
  const [x1, x2] = back ? [from.x, to.x + NODE_WIDTH] : [from.x + NODE_WIDTH, to.x];
  const [y1, y2] = [from.y + NODE_HEIGHT / 2, to.y + NODE_HEIGHT / 2];
  const bend = (back ? -1 : 1) * Math.max(40, Math.abs(x2 - x1) / 2);
  const path = `M${String(x1)} ${String(y1)} C${String(x1 + bend)} ${String(y1)} ${String(x2 - bend)} ${String(y2)} ${String(x2)} ${String(y2)}`;
  const width = edge.directed ? Math.min(5, 1 + Math.log2(1 + edge.metas.length)) : 1;
  return (
    <g className={["edge", edge.directed ? "" : "around", active ? "active" : ""].join(" ")} onClick={onChoose}>
      <path d={path} strokeWidth={width} markerEnd={edge.directed ? "url(#arrow)" : undefined} />
      <path d={path} className="edge-reach" />
      {edge.directed && Math.abs(x2 - x1) < 140 && (
        <text x={(x1 + x2) / 2} y={(y1 + y2) / 2 - 6} textAnchor="middle" className="edge-label">
          {short(edge.technique)}
        </text>
      )}
    </g>
  );
}

function Box({ node, active, kind }: { node: Node; active: boolean; kind: string }): ReactNode {
  const label = node.role === "group" && node.values.length > 1 ? `×${node.label}` : short(node.label);
  return (
    <g transform={`translate(${String(node.x)} ${String(node.y)})`} className={["node", node.role, node.outside ? "outside" : "", active ? "active" : ""].join(" ")}>
      <title>{node.values.slice(0, 20).join("\n")}</title>
      {node.outside ? (
        <path d={`M12 0 H${String(NODE_WIDTH - 12)} L${String(NODE_WIDTH)} ${String(NODE_HEIGHT / 2)} L${String(NODE_WIDTH - 12)} ${String(NODE_HEIGHT)} H12 L0 ${String(NODE_HEIGHT / 2)} Z`} />
      ) : (
        <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={node.role === "group" ? 20 : 4} />
      )}
      <text x={NODE_WIDTH / 2} y={15} textAnchor="middle" className="node-kind">
        {kind}
      </text>
      <text x={NODE_WIDTH / 2} y={31} textAnchor="middle" className="node-label">
        {label}
      </text>
    </g>
  );
}

function Details({ chosen, metas }: { chosen: Chosen; metas: readonly Schemas["MetaAlert"][] }): ReactNode {
  const { t, language } = useTexts("incidents");
  const { may } = useSession();
  const behind = metas.filter((meta) => chosen.metas.includes(meta.id));
  return (
    <div className="graph-details" role="status" data-testid="graph-details">
      <h4>{chosen.title}</h4>
      {chosen.values.length > 0 && (
        <ul className="chips">
          {chosen.values.slice(0, 40).map((value) => (
            <li key={value}>{may("events.read") ? <Link className="mono" to={searchForEntity(chosen.kind, value)}>{value}</Link> : <span className="mono">{value}</span>}</li>
          ))}
          {chosen.values.length > 40 && <li className="quiet">+{number(chosen.values.length - 40, language)}</li>}
        </ul>
      )}
      <ul className="graph-metas">
        {behind.slice(0, 12).map((meta) => (
          <li key={meta.id}>
            <span className="number quiet">{time(meta.first_seen)}</span> {meta.name} <span className="number quiet">×{number(meta.count, language)}</span>
            {meta.join && <span className="quiet"> · {pick(meta.join, "text", language)}</span>}
          </li>
        ))}
        {behind.length > 12 && <li className="quiet">{t("graph.more", { count: behind.length - 12 })}</li>}
      </ul>
    </div>
  );
}

export function EntityGraph({ id }: { id: string }): ReactNode {
  const { t, language } = useTexts("incidents");
  const navigate = useNavigate();
  const { may } = useSession();
  const [all, setAll] = useState(false);
  const [at, setAt] = useState<string>();
  const query = useQuery({
    queryKey: ["incident", id, "metas"],
    queryFn: () => take(api.GET("/api/v1/incidents/{incident_id}/meta-alerts", { params: { path: { incident_id: id } } })),
  });
  const metas = useMemo(() => query.data?.items ?? [], [query.data]);
  const graph = useMemo(() => graphOf(metas, all ? MANY : FEW), [metas, all]);
  if (query.isPending) return <Loading />;
  if (graph.nodes.length === 0) return <p className="quiet">{t("graph.none")}</p>;
  const node = graph.nodes.find((one) => one.id === at);
  const edge = graph.edges.find((one) => one.id === at);
  const touched = new Set(node?.metas ?? edge?.metas ?? []);
  const lit = (behind: readonly string[]): boolean => touched.size > 0 && behind.some((meta) => touched.has(meta));
  const kindOf = (one: Node): string => t(`entityKind.${one.kind}`);
  const chosen: Chosen | undefined = node
    ? { title: node.role === "party" ? node.label : kindOf(node), metas: node.metas, values: node.values, kind: node.kind }
    : edge && { title: `${edge.from} → ${edge.to}`, metas: edge.metas, values: [], kind: "" };
  const onKey = (event: KeyboardEvent): void => {
    const from = node ?? graph.nodes[0];
    if (!from) return;
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      setAt(node ? (neighbour(graph.nodes, from, event.key)?.id ?? from.id) : from.id);
    } else if (event.key === "Enter" && node && may("events.read")) {
      void navigate(searchForEntity(node.kind, node.values[0] ?? ""));
    } else if (event.key === "Escape") {
      setAt(undefined);
    }
  };
  const directed = graph.edges.filter((one) => one.directed);
  return (
    <div data-testid="entity-graph">
      <div className="graph-scroll" tabIndex={0} role="group" aria-label={t("graph.title")} aria-describedby={`graph-how-${id}`} onKeyDown={onKey}>
        <svg width={graph.width} height={graph.height} viewBox={`0 0 ${String(graph.width)} ${String(graph.height)}`} aria-hidden="true">
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto">
              <path d="M0 0 L8 4 L0 8 Z" />
            </marker>
          </defs>
          {graph.edges.map((one) => (
            <Line
              key={one.id}
              edge={one}
              graph={graph}
              active={lit(one.metas)}
              onChoose={() => {
                setAt(one.id);
              }}
            />
          ))}
          {graph.nodes.map((one) => (
            <g
              key={one.id}
              onClick={() => {
                setAt(one.id);
              }}
            >
              <Box node={one} active={one.id === at || (edge !== undefined && (edge.from === one.id || edge.to === one.id))} kind={kindOf(one)} />
            </g>
          ))}
        </svg>
      </div>
      <p className="quiet" id={`graph-how-${id}`}>
        {t("graph.how")}{" "}
        {graph.left > 0 && (
          <Button
            size="small"
            type="link"
            onClick={() => {
              setAll(true);
            }}
          >
            {t("graph.left", { count: number(graph.left, language) })}
          </Button>
        )}
      </p>
      {chosen && <Details chosen={chosen} metas={metas} />}
      <details>
        <summary className="quiet">{t("graph.table")}</summary>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t("graph.from")}</th>
              <th scope="col">{t("graph.to")}</th>
              <th scope="col">{t("graph.technique")}</th>
              <th scope="col" className="right">
                {t("graph.count")}
              </th>
            </tr>
          </thead>
          <tbody>
            {directed.map((one) => (
              <tr key={one.id}>
                <td className="mono">{one.from}</td>
                <td className="mono">{one.to}</td>
                <td>{one.technique}</td>
                <td className="right number">{number(one.metas.length, language)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </div>
  );
}
