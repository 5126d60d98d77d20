import { describe, expect, it } from "vitest";
import { deployment, gpuGroup, gpuOnly, NOW_MS, pod, pool, snapshot, type WorldChange } from "../../../test/support/pools.ts";
import type { AvatarPoolSpecInput } from "../../api/v1alpha1/index.ts";
import { plan } from "../plan.ts";
import { conditionsOf } from "./conditions.ts";

const found = (type: string, change: WorldChange = {}, spec: Partial<AvatarPoolSpecInput> = gpuOnly, metadata = {}) => {
  const seen = snapshot(pool(spec, metadata), change);
  const { status, reason, message } = conditionsOf(seen, plan(seen)).find((finding) => finding.type === type)!;
  return [status, reason, message];
};
const says = (text: string) => expect.stringContaining(text);
const failing = {
  containerStatuses: [{ name: "worker", state: { waiting: { reason: "ImagePullBackOff", message: "no such tag" } } }],
};
const broken = pod("a", { stage: "pending", status: failing as never });
const lost = pod("b", { stage: "unscheduled" });

describe("Ready", () => {
  it.each<[string, WorldChange, unknown[]]>([
    [
      "a worker answers but is not warm yet",
      { pods: [pod("a", { stage: "answering" })] },
      ["True", "Serving", says("every preset")],
    ],
    ["workers start", { pods: [pod("a", { stage: "starting" })] }, ["False", "Starting", "workers for maya are starting"]],
    [
      "no node has a GPU",
      { pods: [lost] },
      [
        "False",
        "Unschedulable",
        says("the scheduler finds no node for 1 worker of group gpu (0/3 nodes are available): add GPU nodes, or lower max"),
      ],
    ],
    [
      "the image cannot be pulled",
      { pods: [broken, lost] },
      ["False", "WorkerFailing", says("1 worker of group gpu cannot start: ImagePullBackOff: worker: no such tag")],
    ],
    [
      "the secret is missing",
      { credentials: { kind: "no-secret" }, deployments: [] },
      ["False", "SecretNotFound", says("kubectl -n avatars create secret generic maker --from-file=api-secret=<file>")],
    ],
    [
      "a foreign Deployment has the name",
      { deployments: [deployment("gpu", { owner: "nobody" })] },
      ["False", "NameTaken", says("avatars/support-gpu")],
    ],
  ])("when %s", (_when, change, expected) => {
    expect(found("Ready", change)).toEqual(expected);
  });

  it("holds for a sleeping pool, because a launch makes its groups grow", () => {
    expect(found("Ready", { deployments: [] }, { ...gpuOnly, warm: { slots: 0 } })[0]).toBe("True");
  });

  it("does not hold for a pool that is about to sleep if its remaining workers cannot serve", () => {
    const sleepy = { ...gpuOnly, warm: { slots: 0 } };
    expect(found("Ready", { pods: [pod("a", { stage: "starting" })] }, sleepy)).toEqual(["False", "Starting", says("maya")]);
    expect(found("Ready", { pods: [broken] }, sleepy)).toEqual(["False", "WorkerFailing", says("no such tag")]);
  });

  it("names only the presets that cannot be launched", () => {
    expect(found("Ready", { pods: [pod("a")] }, {})).toEqual(["False", "Starting", "workers for leo are starting"]);
  });

  it("counts the sessions that a deleted pool waits for", () => {
    const deleted = { deletionTimestamp: new Date(NOW_MS).toISOString() };
    const change = { pods: [pod("a"), pod("b", { deleting: true })], sessions: { a: 1, b: 1 } };
    expect(found("Ready", change, gpuOnly, deleted)).toEqual([
      "False",
      "Deleting",
      "being deleted: waiting for 2 sessions on 2 workers",
    ]);
  });
});

describe("WarmCapacity", () => {
  it.each<[string, WorldChange, unknown[]]>([
    ["a warm worker has free slots", { pods: [pod("a")] }, ["True", "Warm", says("at least 1")]],
    [
      "the worker is still cold",
      { pods: [pod("a", { stage: "answering" })] },
      ["False", "Starting", says("waiting for 1 worker to become warm")],
    ],
    ["every slot is taken", { pods: [pod("a")], sessions: { a: 2 } }, ["False", "Short", says("no worker has a free slot")]],
    ["the slots belong to a cordoned worker", { pods: [pod("a", { cordonedAtMs: 1 })] }, ["False", "Short", says("maya")]],
    ["the next worker cannot start", { pods: [broken] }, ["False", "WorkerFailing", says("ImagePullBackOff")]],
  ])("when %s", (_when, change, expected) => {
    expect(found("WarmCapacity", change)).toEqual(expected);
  });

  it("is too small while launches wait, even without a buffer", () => {
    const none = { ...gpuOnly, warm: { slots: 0 } };
    const full = { pods: [pod("a"), lost], sessions: { a: 2 } };
    expect(found("WarmCapacity", full, none)[0]).toBe("True");
    expect(found("WarmCapacity", { ...full, queued: { maya: 1 } }, none)).toEqual([
      "False",
      "Unschedulable",
      says("the scheduler finds no node"),
    ]);
  });
});

it("reports that a quota prevents new workers", () => {
  const deployments = [deployment("gpu", { replicas: 2, refusedSinceMs: NOW_MS })];
  const sentence = says("the cluster rejects new workers of group gpu: ");
  expect(found("Ready", { deployments })).toEqual(["False", "WorkersRefused", sentence]);
  expect(found("WarmCapacity", { deployments })).toEqual([
    "False",
    "WorkersRefused",
    says("raise the quota named gpus, or lower max"),
  ]);
});

describe("AtMaximum", () => {
  const small = { ...gpuOnly, workers: [{ ...gpuGroup, max: 1 }] };

  it("names the presets without slots and the limit to raise", () => {
    expect(found("AtMaximum", { pods: [pod("a")], queued: { maya: 5 } }, small)).toEqual([
      "True",
      "DemandExceedsMaximum",
      "not enough slots for maya, custom avatars, and gpu cannot grow: raise max, or expect launches to wait",
    ]);
    expect(found("AtMaximum", { pods: [pod("a")], queued: { "": 5 } }, small)[2]).toContain("custom avatars");
  });

  it("keeps its message while the deficit decays, so that no status write follows each slot", () => {
    const message = (queued: number) => found("AtMaximum", { pods: [pod("a")], queued: { maya: queued } }, small)[2];
    expect(message(40)).toBe(message(7));
  });

  it("does not hold at the maximum if the maximum is sufficient", () => {
    expect(found("AtMaximum", { pods: [pod("a")], sessions: { a: 1 } }, small)[0]).toBe("False");
  });
});

describe("CredentialsValid and Paused", () => {
  it.each<[WorldChange["credentials"], unknown[]]>([
    [{ kind: "present" }, ["True", "SecretFound", says("has the key api-secret")]],
    [{ kind: "no-key", keys: ["token", "other"] }, ["False", "SecretKeyMissing", says("(it has token, other)")]],
    [{ kind: "no-key", keys: [] }, ["False", "SecretKeyMissing", says("(it has none)")]],
    [{ kind: "unknown", why: "forbidden" }, ["Unknown", "SecretUnknown", says("forbidden")]],
  ])("reports %j", (credentials, expected) => {
    expect(found("CredentialsValid", { credentials: credentials! })).toEqual(expected);
  });

  it("reports that the account rejects workers with the secret", () => {
    const accountErrors = { unauthorized: { count: 1, lastMs: NOW_MS } };
    expect(found("CredentialsValid", { accountErrors })).toEqual([
      "False",
      "SecretRefused",
      says("(401): store a valid secret there"),
    ]);
    expect(found("CredentialsValid", { accountErrors, nowMs: NOW_MS + 301_000 })[0]).toBe("True");
    expect(found("AccountLimit", { accountErrors })[0]).toBe("False");
  });

  it.each([
    ["limit", "ConcurrencyLimit", "set limits.maxSessions"],
    ["noCredits", "NoCredits", "buy credits"],
  ])("reports an account error: %s", (kind, reason, sentence) => {
    const accountErrors = { [kind]: { count: 1, lastMs: NOW_MS } };
    expect(found("AccountLimit", { accountErrors })).toEqual(["True", reason, says(sentence)]);
    expect(found("CredentialsValid", { accountErrors })[0]).toBe("True");
  });

  it("reports that limits.maxSessions is reached, including sessions on terminating workers", () => {
    const limited = { ...gpuOnly, limits: { maxSessions: 3 } };
    const pods = [pod("a"), pod("b", { deleting: true })];
    expect(found("AccountLimit", { pods, sessions: { a: 1, b: 1 } }, limited)[0]).toBe("False");
    expect(found("AccountLimit", { pods, sessions: { a: 2, b: 1 } }, limited)).toEqual([
      "True",
      "SessionLimit",
      says("3 sessions are running, and limits.maxSessions is 3: further launches wait until a session ends"),
    ]);
  });

  it("reports that the pool is paused", () => {
    expect(found("Paused", {}, { ...gpuOnly, scaling: { paused: true } })[0]).toBe("True");
    expect(found("Paused")[0]).toBe("False");
  });
});
