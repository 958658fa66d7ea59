import { describe, expect, it } from "vitest";
import { firedFields, firedNames, marked } from "./fired";

const event = { "taishi.detection.fields": ["user.name", "source.ip"], "taishi.detection.values": ["root", "10.1.1.1"] };

describe("what made a rule fire", () => {
  it("pairs fields with their values", () => {
    expect(firedFields(event)).toEqual([["user.name", "root"], ["source.ip", "10.1.1.1"]]);
    expect(firedFields({})).toEqual([]);
    expect([...firedNames(event)]).toEqual(["user.name", "source.ip"]);
  });
  it("marks values in the record, the longest first, taking signs as they are", () => {
    expect(marked("User ROOT from 10.1.1.10", ["root", "10.1.1.1", "10.1.1.10"])).toEqual([
      ["User ", false],
      ["ROOT", true],
      [" from ", false],
      ["10.1.1.10", true],
    ]);
    expect(marked("a(b", ["(b.", "ab"])).toEqual([["a(b", false]]);
    expect(marked("nothing", [])).toEqual([["nothing", false]]);
  });
});
