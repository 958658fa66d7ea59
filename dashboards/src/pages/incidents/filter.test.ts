import { describe, expect, it } from "vitest";
import { filterOf, isOn, queryOf, toggled } from "./filter";

describe("the filter in the address", () => {
  it("reads words, numbers and lists", () => {
    const params = new URLSearchParams("view=open&severity_min=60&status=new&status=triaged&overdue=true&other=1&since=x");
    expect(filterOf(params)).toEqual({ view: "open", severity_min: 60, status: ["new", "triaged"], overdue: true });
    expect(queryOf(new URLSearchParams("sort=due"))).toEqual({ sort: "due" });
  });
  it("toggles facets", () => {
    const one = toggled(new URLSearchParams("at=i1"), "status", "new");
    expect(one.toString()).toBe("status=new");
    expect(isOn(one, "status", "new")).toBe(true);
    expect(toggled(toggled(one, "status", "triaged"), "status", "new").toString()).toBe("status=triaged");
    expect(toggled(new URLSearchParams("region=330100"), "region", "330100").toString()).toBe("");
    expect(toggled(new URLSearchParams("region=330100"), "region", "330200").toString()).toBe("region=330200");
  });
});
