import { expect, it } from "vitest";
import { annotations, labels, WARM_GATE } from "../../api/names.ts";
import { engines } from "../../engines/index.ts";
import { workerRecord } from "./worker-record.ts";

const own = { [labels.pool]: "support", [labels.group]: "gpu", [labels.engine]: "expression", "pod-template-hash": "7d9c8" };
const replicaSet = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "support-gpu-7d9c8", uid: "rs", controller: true };
const creationTimestamp = "2026-01-01T00:00:00Z";
const metadata = {
  uid: "u",
  name: "support-gpu-1",
  namespace: "avatars",
  labels: own,
  creationTimestamp,
  ownerReferences: [replicaSet],
};

it("treats a worker that a user drains as cordoned, whatever the operator does", () => {
  const drained = { ...metadata, annotations: { [annotations.drain]: "2026-01-01T00:00:00Z" } };
  expect(workerRecord({ metadata: drained })).toMatchObject({ cordoned: true });
  expect(workerRecord({ metadata })).toMatchObject({ cordoned: false });
});

it("keeps the required fields of a worker's pod", () => {
  const pod = {
    metadata: { ...metadata, annotations: { [annotations.cordoned]: "2026-01-01T00:00:00Z" } },
    spec: { containers: [{ name: "worker", env: [{ name: "SECRET", value: "hidden" }] }] },
    status: { phase: "Running", podIP: "10.0.0.7", conditions: [{ type: WARM_GATE, status: "True" }] },
  };
  expect(workerRecord(pod)).toEqual({
    uid: "u",
    name: "support-gpu-1",
    namespace: "avatars",
    pool: "support",
    group: "gpu",
    engine: engines.expression,
    createdAtMs: Date.UTC(2026, 0, 1),
    ip: "10.0.0.7",
    terminating: false,
    cordoned: true,
    warm: true,
    started: true,
    ended: false,
  });
});

it("reads a new, a terminating and a failed pod", () => {
  expect(workerRecord({ metadata })).toMatchObject({ ip: undefined, warm: false, ended: false });
  expect(workerRecord({ metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } })).toMatchObject({
    terminating: true,
  });
  expect(workerRecord({ metadata, status: { phase: "Failed" } })).toMatchObject({ ended: true });
});

it.each([
  ["has not passed", [{ name: "worker", started: false }], false],
  [
    "has passed",
    [
      { name: "injected", started: false },
      { name: "worker", started: true },
    ],
    true,
  ],
  ["is not reported", [{ name: "worker" }], true],
])("reads whether the startup probe passed: it %s", (_what, containerStatuses, started) => {
  expect(workerRecord({ metadata, status: { containerStatuses } as never })).toMatchObject({ started });
});

it.each([labels.pool, labels.group, labels.engine])("ignores a pod without the label %s", (label) => {
  expect(workerRecord({ metadata: { ...metadata, labels: { ...own, [label]: undefined } as never } })).toBeUndefined();
});

it("ignores a pod of an unknown engine", () => {
  expect(workerRecord({ metadata: { ...metadata, labels: { ...own, [labels.engine]: "toString" } } })).toBeUndefined();
});

it.each([
  ["no owner", []],
  ["a ReplicaSet of another Deployment", [{ ...replicaSet, name: "canary-7d9c8" }]],
  ["a ReplicaSet that does not control it", [{ ...replicaSet, controller: false }]],
  ["a Job", [{ ...replicaSet, kind: "Job" }]],
])("ignores a pod with a worker's labels and the owner: %s", (_whom, ownerReferences) => {
  expect(workerRecord({ metadata: { ...metadata, ownerReferences } })).toBeUndefined();
});
