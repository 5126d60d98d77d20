import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fleetHref, poolHref, poolTabs, routeOf } from "./route.ts";

describe("routeOf", () => {
  it("reads what poolHref writes, for every name", () => {
    const name = fc.string({ minLength: 1, unit: "binary" }).filter((text) => !text.includes("/") && text.isWellFormed());
    fc.assert(
      fc.property(name, name, fc.constantFrom(...poolTabs), fc.option(name, { nil: undefined }), (namespace, pool, tab, id) => {
        const decision = tab === "why" ? id : undefined;
        const expected = { page: "pool", pool: `${namespace}/${pool}`, tab, ...(decision !== undefined && { decision }) };
        expect(routeOf(poolHref(`${namespace}/${pool}`, tab, decision))).toEqual(expected);
      }),
    );
  });

  it("shows the fleet for any other address, and the first tab for an unknown one", () => {
    for (const hash of ["", "#", fleetHref, "#/other", "#/pools/only-namespace", "#content"])
      expect(routeOf(hash)).toEqual({ page: "fleet" });
    expect(routeOf("#/pools/a/b/other")).toEqual({ page: "pool", pool: "a/b", tab: "live" });
    expect(routeOf("#/pools/%/b")).toMatchObject({ pool: "%/b" });
  });
});
