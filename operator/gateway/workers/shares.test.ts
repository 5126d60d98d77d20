import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashOf, Shares } from "./shares.ts";

const gateways = fc.uniqueArray(fc.webUrl(), { minLength: 1, maxLength: 6 });
const keys = Array.from({ length: 3_000 }, (_, index) => `uid-${index}`);

describe("Shares", () => {
  it("assigns every worker to exactly one gateway, equally in all gateways", () => {
    fc.assert(
      fc.property(gateways, fc.string(), (members, key) => {
        const owners = members.filter((self) => new Shares(self, members).owns(hashOf(key)));
        expect(owners).toHaveLength(1);
        expect(new Shares(members[0]!, members).keepers(key, 1)).toEqual(owners);
      }),
    );
  });

  it("moves only the workers of a removed gateway, each to its second choice", () => {
    fc.assert(
      fc.property(gateways, fc.string(), (members, key) => {
        const [first, second] = new Shares(members[0]!, members).keepers(key, 2);
        const left = members.filter((member) => member !== first);
        if (second !== undefined) expect(new Shares(left[0]!, left).keepers(key, 1)).toEqual([second]);
      }),
    );
  });

  it("assigns evenly", () => {
    const members = ["http://10.0.0.1:8081", "http://10.0.0.2:8081", "http://10.0.0.3:8081"];
    for (const self of members) {
      const shares = new Shares(self, members);
      const own = keys.filter((key) => shares.owns(hashOf(key))).length;
      expect(own).toBeGreaterThan(900);
      expect(own).toBeLessThan(1_100);
    }
  });

  it("assigns all workers to the only gateway", () => {
    expect(keys.every((key) => new Shares("me").owns(hashOf(key)))).toBe(true);
  });
});
