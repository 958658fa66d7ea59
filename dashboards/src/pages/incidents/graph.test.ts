import { describe, expect, it } from "vitest";
import type { Schemas } from "../../api/client";
import { graphOf, isOutside, neighbour } from "./graph";

type Meta = Schemas["MetaAlert"];

function meta(id: string, attacker: string, victim: string, at: number, stage: number, others: [string, string][] = []): Meta {
  const entities = [
    ...(attacker ? [{ kind: "ip", value: attacker }] : []),
    ...(victim ? [{ kind: "host", value: victim }] : []),
    ...others.map(([kind, value]) => ({ kind, value })),
  ];
  return { id, attacker, victim, first_seen: at, stage, technique: `T${String(stage)}`, name: id, entities } as unknown as Meta;
}

const chain = [
  meta("a", "203.0.113.7", "web", 1, 1),
  meta("b", "203.0.113.7", "web", 2, 3, [["user", "ops"], ["hash", "f00"], ["hash", "ba4"]]),
  meta("c", "web", "plc", 9, 8),
];

describe("graph of an incident", () => {
  it("goes from outside to inside, left to right", () => {
    const { nodes, edges, left } = graphOf(chain, 24);
    const x = Object.fromEntries(nodes.filter((node) => node.role === "party").map((node) => [node.id, node.x]));
    expect(x["203.0.113.7"]).toBeLessThan(x.web ?? 0);
    expect(x.web).toBeLessThan(x.plc ?? 0);
    expect(edges.filter((edge) => edge.directed).map((edge) => [edge.from, edge.to, edge.metas])).toEqual([
      ["203.0.113.7", "web", ["a", "b"]],
      ["web", "plc", ["c"]],
    ]);
    expect(edges[0]?.technique).toBe("T3");
    expect(left).toBe(0);
  });
  it("gathers what surrounds a host by kind", () => {
    const groups = graphOf(chain, 24).nodes.filter((node) => node.role === "group");
    expect(groups.map((node) => [node.kind, node.values])).toEqual([
      ["hash", ["ba4", "f00"]],
      ["user", ["ops"]],
    ]);
  });
  it("is the same whatever the order of the meta-alerts", () => {
    expect(graphOf([...chain].reverse(), 24).nodes).toHaveLength(graphOf(chain, 24).nodes.length);
    const places = (metas: Meta[]) => graphOf(metas, 24).nodes.map((node) => [node.id, node.x, node.y]);
    expect(places([...chain].reverse())).toEqual(places(chain));
  });
  it("draws the most involved and counts the rest, without overlap", () => {
    const many = Array.from({ length: 200 }, (_, n) => meta(`m${String(n)}`, "198.51.100.9", `host-${String(n).padStart(3, "0")}`, n, 2));
    const { nodes, left } = graphOf(many, 24);
    expect(nodes).toHaveLength(24);
    expect(left).toBe(201 - 24);
    expect(new Set(nodes.map((node) => `${String(node.x)},${String(node.y)}`)).size).toBe(24);
  });
  it("moves with the arrow keys", () => {
    const { nodes } = graphOf(chain, 24);
    const first = nodes.find((node) => node.id === "203.0.113.7");
    if (!first) throw new Error("the attacker is missing");
    expect(neighbour(nodes, first, "ArrowRight")?.id).toBe("web");
    expect(neighbour(nodes, first, "ArrowLeft")).toBeUndefined();
  });
  it("knows private ranges", () => {
    expect(["10.1.2.3", "172.20.0.1", "192.168.1.1", "fd00::1", "plc-1"].map(isOutside)).toEqual([false, false, false, false, false]);
    expect(["203.0.113.7", "172.32.0.1", "2001:db8::1"].map(isOutside)).toEqual([true, true, true]);
  });
});
