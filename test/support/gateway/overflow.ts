import type { AvatarPoolSpecInput } from "../../../operator/api/v1alpha1/index.ts";
import { FakeCloud } from "./fake-cloud.ts";
import { gatewayHarness, type HarnessWorld } from "./harness.ts";
import { testPool } from "./pool.ts";
import { valuesOf } from "./sessions.ts";

/** One GPU worker at most, with one slot. */
export const small = {
  presets: [{ name: "maya", avatarId: "A12" }],
  workers: [{ name: "gpu", engine: "expression", sessionsPerWorker: 1, max: 1, coldStart: "40s" }],
  overflow: { maxSessions: 2 },
} satisfies Partial<AvatarPoolSpecInput>;

/** A pool at its maximum, with one full worker and a cloud for overflow. */
export async function fullPool(changes: Partial<AvatarPoolSpecInput> = {}, world: HarnessWorld = {}, status?: object) {
  const cloud = new FakeCloud();
  const gateway = gatewayHarness(testPool({ ...small, ...changes }, {}, status), { overflow: cloud.deps, ...world });
  const a = await gateway.addWorker("a", { slots: 1, sessions: 1 });
  const errors = async () => (await valuesOf(gateway.metrics.overflowErrors)).map(({ labels, value }) => ({ ...labels, value }));
  const inCloud = () => gateway.core.state(gateway.key)?.overflow?.sessions;
  return { ...gateway, cloud, a, errors, inCloud };
}
