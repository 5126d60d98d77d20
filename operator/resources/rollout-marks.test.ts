import { describe, expect, it } from "vitest";
import { gpuOnly, pool } from "../../test/support/pools.ts";
import { annotations, labels } from "../api/names.ts";
import type { AvatarPoolSpecInput } from "../api/v1alpha1/index.ts";
import { workerDeployment } from "./deployment.ts";
import { parseHeldBack } from "./held-back.ts";
import { renderTemplate } from "./worker-template.ts";

const livekit = { url: "wss://livekit.example.com", apiKeyRef: { name: "livekit" } };

function deploymentOf(spec: Partial<AvatarPoolSpecInput> = {}, heldBack?: ReturnType<typeof parseHeldBack>) {
  const { config } = pool({ ...gpuOnly, ...spec });
  const group = config.groups[0]!;
  return workerDeployment(config, group, 1, renderTemplate(config, group, "sidecar:1"), heldBack);
}

const templateOf = (spec?: Partial<AvatarPoolSpecInput>) =>
  deploymentOf(spec).spec.template.metadata!.annotations![annotations.template];

const otherFace = { presets: [{ name: "maya", image: { url: "https://example.com/maya-2.jpg" } }] };
const bySession = { warm: { warmup: { mode: "session" as const } }, livekit };

describe("the template of a worker", () => {
  it("starts protected, so that protection does not depend on a running operator", () => {
    expect(deploymentOf().spec.template.metadata).toMatchObject({
      labels: { [labels.protected]: "true" },
      annotations: { [annotations.deletionCost]: "1000", [annotations.safeToEvict]: "false" },
    });
    // A selector can never change, and must match workers with any marks.
    expect(deploymentOf().spec.selector.matchLabels).not.toHaveProperty([labels.protected]);
  });

  it("has a hash that changes exactly with the fields that require new workers", () => {
    expect(templateOf()).toBe(templateOf({ warm: { slots: 5 }, scaling: { scaleDownAfter: "1m" } }));
    expect(templateOf()).not.toBe(templateOf({ workers: [{ ...gpuOnly.workers[0]!, env: [{ name: "A", value: "1" }] }] }));
    expect(templateOf(), "a worker loads a face at its first launch").toBe(templateOf(otherFace));
    expect(templateOf(bySession), "a worker loads a face in the warm-up").not.toBe(templateOf({ ...bySession, ...otherFace }));
  });
});

describe("a rollout that is held back", () => {
  it("pauses the Deployment and is recorded on it, until another template is wanted", () => {
    const template = templateOf() ?? "";
    const held = deploymentOf({}, { template, startupMs: 9_000 });
    expect(held.spec.paused).toBe(true);
    expect(parseHeldBack(held.metadata.annotations[annotations.heldBack])).toEqual({ template, startupMs: 9_000 });
    const other = deploymentOf({}, { template: "other", startupMs: 9_000 });
    expect([other.spec.paused, other.metadata.annotations[annotations.heldBack]]).toEqual([false, undefined]);
  });

  it("records nothing while it only waits for start-ups", () => {
    const waiting = deploymentOf({}, { template: templateOf() ?? "", startupMs: undefined });
    expect([waiting.spec.paused, waiting.metadata.annotations[annotations.heldBack]]).toEqual([true, undefined]);
    expect([parseHeldBack(undefined), parseHeldBack("t"), parseHeldBack("")]).toEqual([undefined, undefined, undefined]);
  });
});
