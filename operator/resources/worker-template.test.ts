import type { V1PodTemplateSpec } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { gpuGroup, gpuOnly, pool } from "../../test/support/pools.ts";
import { annotations } from "../api/names.ts";
import type { AvatarPoolSpecInput } from "../api/v1alpha1/index.ts";
import { chooseTemplate, parseRecord, recordOf, renderTemplate, SIDECAR_CONTRACT, templateHash } from "./worker-template.ts";

const OLD = "registry.example.com/avatarpool:1";
const NEW = "registry.example.com/avatarpool:2";

function rendered(image: string, group: object = {}, spec: Partial<AvatarPoolSpecInput> = {}) {
  const { config } = pool({ ...gpuOnly, workers: [{ ...gpuGroup, ...group }], ...spec });
  return renderTemplate(config, config.groups[0]!, image);
}
/** The record of an older version on the Deployment. */
const standing = (group: object = {}) => parseRecord(recordOf(rendered(OLD, group)));

describe("the template after an upgrade of AvatarPool", () => {
  it("stays as applied while the user's inputs are the same", () => {
    const before = rendered(OLD);
    const after = rendered(NEW);
    expect(templateHash(after.template)).not.toBe(templateHash(before.template));
    expect(chooseTemplate(after, standing(), "keep")).toEqual({ ...before, kept: "upgrade" });
  });

  it("keeps the worker image that it was made with, if the group names none", () => {
    const cpu = {
      presets: [{ name: "leo", model: { url: "https://example.com/leo.imx" } }],
      workers: [{ name: "cpu", engine: "essence" as const, max: 2 }],
    };
    const before = rendered(OLD, {}, cpu);
    const after = rendered("mirror.example.com/avatarpool:2", {}, cpu);
    const image = ({ template }: { template: V1PodTemplateSpec }) => template.spec?.containers[0]?.image;
    expect(image(after)).not.toBe(image(before));
    expect(image(chooseTemplate(after, parseRecord(recordOf(before)), "keep")!)).toBe(image(before));
  });

  it("is the new version's after the user's next change, on request, and without a usable record", () => {
    const after = rendered(NEW);
    const changed = { env: [{ name: "A", value: "1" }] };
    expect(chooseTemplate(rendered(NEW, changed), standing(), "keep")).toEqual({ ...rendered(NEW, changed), kept: undefined });
    expect(chooseTemplate(after, standing(), "replace")).toEqual({ ...after, kept: undefined });
    expect(chooseTemplate(after, undefined, "keep")).toEqual({ ...after, kept: undefined });
    const record = recordOf(rendered(OLD));
    const damaged = parseRecord({ ...record, [annotations.appliedTemplate]: "bm90aGluZw==" });
    expect(chooseTemplate(after, damaged, "keep")).toEqual({ ...after, kept: undefined });
  });

  it("is current if both versions render the same", () => {
    const same = rendered(OLD);
    expect(chooseTemplate(same, standing(), "keep")).toEqual({ ...same, kept: undefined });
  });

  it("is rendered anew if it was too large for the record", () => {
    const env = Array.from({ length: 8 }, (_, index) => ({ name: `A${index}`, value: randomText(30_000, index) }));
    expect(parseRecord(recordOf(rendered(OLD, { env })))).toBeUndefined();
  });
});

describe("the record of the template on a Deployment", () => {
  it("contains the version, the contract and the template", () => {
    const { template, inputs } = rendered(OLD);
    const record = parseRecord(recordOf(rendered(OLD)));
    expect(record).toMatchObject({ inputs, renderedBy: OLD, contract: SIDECAR_CONTRACT });
    expect(chooseTemplate(rendered(NEW), record, "keep")?.template).toEqual(template);
  });
});

describe("the user's inputs", () => {
  const inputsOf = (group: object = {}, spec: Partial<AvatarPoolSpecInput> = {}) => rendered(NEW, group, spec).inputs;

  it("do not depend on the version, nor on fields that require no new worker", () => {
    expect(inputsOf()).toBe(rendered(OLD).inputs);
    expect(inputsOf({ min: 1, max: 3, priority: 4, costPerHour: 1, rollout: { onUpgrade: "replace" } })).toBe(inputsOf());
    expect(inputsOf({}, { warm: { slots: 7 } })).toBe(inputsOf());
    const resources = { limits: { memory: "20Gi", cpu: "4" } };
    expect(inputsOf({ resources: { limits: { cpu: "4", memory: "20Gi" } } })).toBe(inputsOf({ resources }));
  });

  it.each<object>([
    { image: "registry.example.com/expression:3" },
    { sessionsPerWorker: 3 },
    { env: [{ name: "A", value: "1" }] },
    { resources: { limits: { cpu: "4" } } },
    { gpu: { count: 2 } },
    { modelCache: { emptyDir: { sizeLimit: "9Gi" } } },
    { nodeSelector: { zone: "a" } },
    { tolerations: [{ key: "dedicated", operator: "Exists" }] },
    { affinity: { nodeAffinity: {} } },
    { topologySpreadConstraints: [{ maxSkew: 1 }] },
    { priorityClassName: "high" },
    { runtimeClassName: "nvidia" },
    { imagePullSecrets: [{ name: "pull" }] },
    { drain: { timeout: "10m" } },
    { helpers: { resources: { limits: { cpu: "2" } } } },
    { podTemplate: { metadata: { labels: { team: "a" } } } },
    { podTemplate: { spec: { securityContext: { runAsUser: 1 } } } },
  ])("change with %j, like the template", (change) => {
    expect(inputsOf(change)).not.toBe(inputsOf());
    expect(templateHash(rendered(NEW, change).template)).not.toBe(templateHash(rendered(NEW).template));
  });

  it("change with the Secret and with presets that new workers load", () => {
    expect(inputsOf({}, { apiSecretRef: { name: "other" } })).not.toBe(inputsOf());
    const face = (url: string): Partial<AvatarPoolSpecInput> => ({ presets: [{ name: "maya", image: { url } }] });
    expect(inputsOf({}, face("https://example.com/2.jpg"))).toBe(inputsOf());
    const bySession = (url: string): Partial<AvatarPoolSpecInput> => ({
      ...face(url),
      warm: { warmup: { mode: "session" } },
      livekit: { url: "wss://livekit.example.com", apiKeyRef: { name: "livekit" } },
    });
    expect(inputsOf({}, bySession("https://example.com/2.jpg"))).not.toBe(inputsOf({}, bySession("https://example.com/1.jpg")));
  });

  it("keep their hash of version 0.1.0, because another hash replaces every worker at an upgrade", () => {
    expect(inputsOf({ ...full })).toBe("i7Z_41dSrNhNfmqb");
  });
});

/** Every input of a group. */
const full = {
  image: "registry.example.com/expression:3",
  sessionsPerWorker: 3,
  env: [{ name: "A", value: "1" }],
  resources: { limits: { cpu: "4" }, requests: { memory: "4Gi" } },
  gpu: { count: 2 },
  modelCache: { emptyDir: {} },
  nodeSelector: { zone: "a" },
  tolerations: [{ key: "dedicated", operator: "Exists" }],
  affinity: { nodeAffinity: {} },
  topologySpreadConstraints: [{ maxSkew: 1 }],
  priorityClassName: "high",
  runtimeClassName: "nvidia",
  imagePullSecrets: [{ name: "pull" }],
  drain: { timeout: "10m" },
};

/** Incompressible text. */
function randomText(length: number, seed: number): string {
  let state = seed + 1;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(33 + (state % 90));
  };
  return Array.from({ length }, next).join("");
}
