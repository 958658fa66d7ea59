import { describe, expect, it } from "vitest";
import { clause, keyFields, narrowed, searchFor, searchForEntity } from "./fields";

describe("values as queries", () => {
  it("quotes text and leaves numbers", () => {
    expect(clause("rule.name", 'a "b" \\ c')).toBe('rule.name:"a \\"b\\" \\\\ c"');
    expect(clause("event.severity", 75)).toBe("event.severity:75");
    expect(clause("related.ip", ["10.0.0.1", "10.0.0.2"])).toBe('related.ip:"10.0.0.1"');
  });
  it("adds and excludes without changing what was meant", () => {
    expect(narrowed("", "a", 1)).toBe("a:1");
    expect(narrowed("x OR y", "a", 1)).toBe("(x OR y) AND a:1");
    expect(narrowed("x", "a", "b", true)).toBe('x AND NOT a:"b"');
  });
  it("makes addresses", () => {
    expect(searchFor("source.ip", "10.0.0.1")).toBe("/search?q=source.ip%3A%2210.0.0.1%22");
    expect(searchForEntity("user", "bob")).toBe("/search?q=related.user%3A%22bob%22");
    expect(searchForEntity("host", "ws-01")).toBe("/search?q=%22ws-01%22");
  });
  it("shows what says most first", () => {
    expect(keyFields({ zeta: 1, "rule.name": "r", "@timestamp": "t" }).map(([name]) => name)).toEqual(["@timestamp", "rule.name"]);
  });
});
