/** The picture of an incident: who acted on whom, and what else was involved. Pure; the same incident gives the same picture. */
import type { Schemas } from "../../api/client";

type Meta = Schemas["MetaAlert"];

export interface Node {
  id: string;
  /** `party`: a host or address that acted or was acted on; `group`: other entities of one kind around one party. */
  role: "party" | "group";
  kind: string;
  label: string;
  /** Values of a group, or the one of a party. */
  values: string[];
  outside: boolean;
  metas: string[];
  x: number;
  y: number;
}

export interface Edge {
  id: string;
  from: string;
  to: string;
  /** Attacker to victim, else involvement. */
  directed: boolean;
  metas: string[];
  /** Highest stage of its meta-alerts, with the technique that says it. */
  technique: string;
  stage: number;
}

export interface Graph {
  nodes: Node[];
  edges: Edge[];
  width: number;
  height: number;
  /** Parties that are not drawn, least involved. */
  left: number;
}

export const NODE_WIDTH = 168;
export const NODE_HEIGHT = 40;
const COLUMN = 264;
const ROW = 60;
const PAD = 16;

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:]+)$/i;
const INSIDE = /^(?:10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe80)/i;

/** An address that is not of a private range. A host name is inside. */
export function isOutside(value: string): boolean {
  return ADDRESS.test(value) && !INSIDE.test(value);
}

interface Party {
  value: string;
  kind: string;
  first: number;
  metas: string[];
  groups: Map<string, { values: Set<string>; metas: string[] }>;
}

function parties(metas: readonly Meta[]): Map<string, Party> {
  const found = new Map<string, Party>();
  for (const meta of metas) {
    for (const value of [meta.attacker, meta.victim]) {
      if (!value) continue;
      const kind = meta.entities.find((entity) => entity.value === value)?.kind ?? (ADDRESS.test(value) ? "ip" : "host");
      const party: Party = found.get(value) ?? { value, kind, first: meta.first_seen, metas: [], groups: new Map() };
      party.first = Math.min(party.first, meta.first_seen);
      if (!party.metas.includes(meta.id)) party.metas.push(meta.id);
      found.set(value, party);
    }
  }
  return found;
}

function around(metas: readonly Meta[], found: Map<string, Party>): void {
  for (const meta of metas) {
    const centre = found.get(meta.victim) ?? found.get(meta.attacker);
    if (!centre) continue;
    for (const entity of meta.entities) {
      if (found.has(entity.value)) continue;
      const group = centre.groups.get(entity.kind) ?? { values: new Set<string>(), metas: [] };
      group.values.add(entity.value);
      if (!group.metas.includes(meta.id)) group.metas.push(meta.id);
      centre.groups.set(entity.kind, group);
    }
  }
}

function between(metas: readonly Meta[], shown: ReadonlySet<string>): Edge[] {
  const found = new Map<string, Edge>();
  for (const meta of metas) {
    const { attacker, victim } = meta;
    if (!attacker || !victim || attacker === victim || !shown.has(attacker) || !shown.has(victim)) continue;
    const id = `${attacker}\n${victim}`;
    const edge = found.get(id) ?? { id, from: attacker, to: victim, directed: true, metas: [], technique: "", stage: -1 };
    edge.metas.push(meta.id);
    if (meta.stage > edge.stage) {
      edge.stage = meta.stage;
      edge.technique = meta.technique || meta.name;
    }
    found.set(id, edge);
  }
  return [...found.values()];
}

/** How many steps from where it began: who acts without being acted on stands first. */
function depths(order: readonly Party[], edges: readonly Edge[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const party of order) {
    const before = edges.filter((edge) => edge.to === party.value && found.has(edge.from)).map((edge) => found.get(edge.from) ?? 0);
    found.set(party.value, before.length > 0 ? Math.min(...before) + 1 : edges.some((edge) => edge.from === party.value) ? 0 : 1);
  }
  return found;
}

/** `most` parties are drawn, those with most meta-alerts first; the others are counted in `left`. */
export function graphOf(metas: readonly Meta[], most: number): Graph {
  const found = parties(metas);
  around(metas, found);
  const all = [...found.values()].sort((a, b) => b.metas.length - a.metas.length || a.first - b.first || (a.value < b.value ? -1 : 1));
  const chosen = all.slice(0, most).sort((a, b) => a.first - b.first || (a.value < b.value ? -1 : 1));
  const edges = between(metas, new Set(chosen.map((party) => party.value)));
  const order = [...chosen].sort((a, b) => Number(edges.some((e) => e.to === a.value)) - Number(edges.some((e) => e.to === b.value)));
  const depth = depths(order, edges);
  const rows = new Map<number, number>();
  const nodes: Node[] = [];
  const place = (column: number): { x: number; y: number } => {
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    return { x: PAD + column * COLUMN, y: PAD + row * ROW };
  };
  const deepest = Math.max(0, ...depth.values());
  for (const party of chosen) {
    nodes.push({
      id: party.value, role: "party", kind: party.kind, label: party.value, values: [party.value],
      outside: isOutside(party.value), metas: party.metas, ...place(depth.get(party.value) ?? 0),
    }); // prettier-ignore
  }
  for (const party of chosen) {
    for (const [kind, group] of [...party.groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const id = `${party.value}\n${kind}`;
      const values = [...group.values].sort();
      nodes.push({
        id, role: "group", kind, label: values.length === 1 ? (values[0] ?? "") : String(values.length), values,
        outside: false, metas: group.metas, ...place(deepest + 1),
      }); // prettier-ignore
      edges.push({ id: `${id}\n`, from: party.value, to: id, directed: false, metas: group.metas, technique: "", stage: -1 });
    }
  }
  return {
    nodes,
    edges,
    width: PAD * 2 + (Math.max(0, ...rows.keys()) + 1) * COLUMN - (COLUMN - NODE_WIDTH),
    height: PAD * 2 + Math.max(1, ...rows.values()) * ROW - (ROW - NODE_HEIGHT),
    left: all.length - chosen.length,
  };
}

/** The node that an arrow key leads to: the nearest in its direction, straight ahead before aside. */
export function neighbour(nodes: readonly Node[], from: Node, key: string): Node | undefined {
  const dx = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
  const dy = key === "ArrowUp" ? -1 : key === "ArrowDown" ? 1 : 0;
  const ahead = nodes.filter((node) => (node.x - from.x) * dx + (node.y - from.y) * dy > 0);
  const cost = (node: Node): number => {
    const [x, y] = [Math.abs(node.x - from.x), Math.abs(node.y - from.y)];
    return dx !== 0 ? x + 3 * y : y + 3 * x;
  };
  return [...ahead].sort((a, b) => cost(a) - cost(b) || (a.id < b.id ? -1 : 1))[0];
}
