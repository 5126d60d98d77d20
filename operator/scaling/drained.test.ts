import { expect, it } from "vitest";
import { workerState as warm } from "../../test/support/worker-state.ts";
import { removeDrained } from "./drained.ts";
import { noStep, type WorkerState } from "./victims.ts";

const drained = { drainRequested: true, cordonedAtMs: 1, cordonAcknowledged: true };
const remove = (workers: readonly WorkerState[], enough: number | undefined) =>
  removeDrained(noStep, workers, workers.length, enough);

it("keeps a drained worker with sessions, or that a gateway may still send launches to", () => {
  expect(remove([warm("a", { ...drained, busy: 1 }), warm("b")], 1)).toBe(noStep);
  expect(remove([warm("a", { ...drained, cordonAcknowledged: false }), warm("b")], 1)).toBe(noStep);
});

it("lowers the group by an idle drained worker if the others suffice, and replaces it otherwise", () => {
  const a = warm("a", drained);
  expect(remove([a, warm("b")], 1)).toMatchObject({ release: [a], lowerBy: 1, replace: [] });
  expect(remove([a, warm("b")], 2)).toMatchObject({ release: [], lowerBy: 0, replace: [a] });
  expect(remove([a, warm("b")], undefined)).toMatchObject({ replace: [a] });
});

it("does not lower the group if Kubernetes could delete another worker", () => {
  const a = warm("a", drained);
  expect(remove([a, warm("b", { ready: false })], 1)).toMatchObject({ lowerBy: 0, replace: [a] });
  expect(remove([a, warm("b", { revision: "r2" })], 1)).toMatchObject({ lowerBy: 0, replace: [a] });
});
