import { describe, expect, it } from "vitest";
import { deployment, gpuOnly, NOW_MS, pod, pool, snapshot } from "../../test/support/pools.ts";
import { changesOf } from "./plan.ts";
import { planWithVerifiedVictims } from "./victim-verification.ts";

const quick = pool({ ...gpuOnly, scaling: { scaleDownAfter: "0s" } });
const cordoned = { cordonedAtMs: 1 };
const emptyExcept = (...busy: readonly string[]) => {
  const asked: string[] = [];
  return { asked, isEmpty: async ({ name }: { readonly name: string }) => asked.push(name) > 0 && !busy.includes(name) };
};

describe("planWithVerifiedVictims", () => {
  it("asks only workers that are to go, and lets those go that are empty", async () => {
    const { asked, isEmpty } = emptyExcept();
    const { plan, lookAgainMs } = await planWithVerifiedVictims(snapshot(quick, { pods: [pod("a"), pod("b", cordoned)] }), isEmpty);
    expect(asked).toEqual(["b"]);
    expect(changesOf(plan)).toMatchObject([{ from: 2, to: 1 }]);
    expect(lookAgainMs).toBeUndefined();
  });

  it("decides nothing about a worker that turns out to have a session, counts the session, and looks again", async () => {
    const { isEmpty } = emptyExcept("b");
    const considered = await planWithVerifiedVictims(snapshot(quick, { pods: [pod("a"), pod("b", cordoned)] }), isEmpty);
    expect(changesOf(considered.plan)).toEqual([]);
    expect(considered.snapshot.groups[0]!.members.workers).toMatchObject([{ busy: 0 }, { pod: "b", busy: 1 }]);
    expect(considered.lookAgainMs).toBe(5_000);
  });

  it("asks nobody twice, however often it plans", async () => {
    const { asked, isEmpty } = emptyExcept("w3", "w5");
    const pods = Array.from({ length: 40 }, (_, index) => pod(`w${index}`, index === 0 ? {} : cordoned));
    const { plan } = await planWithVerifiedVictims(snapshot(quick, { pods, nowMs: NOW_MS }), isEmpty);
    expect(new Set(asked).size).toBe(asked.length);
    expect(changesOf(plan)[0]!.reason).not.toMatch(/\bw[35]\b/);
  });

  it("asks workers of groups that the pool no longer has", async () => {
    const old = pod("o", { group: "old", ...cordoned });
    const { isEmpty } = emptyExcept("o");
    const world = { pods: [old], deployments: [deployment("gpu"), deployment("old")] };
    expect((await planWithVerifiedVictims(snapshot(quick, world), isEmpty)).plan.retire).toMatchObject([{ replicas: 1 }]);
  });
});
