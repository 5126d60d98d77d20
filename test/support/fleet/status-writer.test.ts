import { beforeEach, expect, it } from "vitest";
import { KubeError } from "../../../operator/kube/errors.ts";
import { FakeClock } from "../fake-clock.ts";
import type { Pod } from "./pod.ts";
import type { KubeletStatus } from "./pod-status.ts";
import { StatusWriter } from "./status-writer.ts";

let clock: FakeClock;
let writes: KubeletStatus[];
let answer: () => Promise<void>;
let writer: StatusWriter;

beforeEach(() => {
  clock = new FakeClock();
  writes = [];
  answer = async () => undefined;
  const apply = async (_: unknown, object: unknown) => {
    writes.push((object as { status: KubeletStatus }).status);
    await answer();
    return { metadata: { resourceVersion: String(100 + writes.length) } } as never;
  };
  writer = new StatusWriter({ apply }, { namespace: "avatars", name: "gpu-0", uid: "u1" }, clock);
});

function status(ready: "True" | "False", phase: KubeletStatus["phase"] = "Running"): KubeletStatus {
  return { phase, conditions: [{ type: "Ready", status: ready }], initContainerStatuses: [], containerStatuses: [] };
}

function seen(ready: "True" | "False", resourceVersion: number): Pod {
  return { metadata: { resourceVersion: String(resourceVersion) }, status: { conditions: [{ type: "Ready", status: ready }] } };
}

it("writes nothing if nothing changed", async () => {
  writer.publish(status("True"));
  await clock.advance(0);
  writer.publish(status("True"));
  await clock.advance(0);
  expect(writes).toHaveLength(1);
});

it("skips a status that is outdated before its write starts", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  answer = () => promise;
  writer.publish(status("False", "Pending"));
  writer.publish(status("False"));
  writer.publish(status("True"));
  resolve();
  await clock.advance(0);
  expect(writes).toEqual([status("False", "Pending"), status("True")]);
});

it("retries after a failure, with the newest status", async () => {
  answer = () => Promise.reject(new KubeError("away", { status: 0, reason: "NoAnswer" }));
  writer.publish(status("False"));
  await clock.advance(0);
  answer = async () => undefined;
  writer.publish(status("True"));
  await clock.advance(1_000);
  expect(writes).toEqual([status("False"), status("True")]);
});

it("repairs Ready after another writer changed it, and ignores its own earlier writes", async () => {
  writer.publish(status("True"));
  await clock.advance(0);
  writer.observe(seen("False", 100));
  writer.observe(seen("True", 102));
  await clock.advance(0);
  expect(writes).toHaveLength(1);
  writer.observe(seen("False", 103));
  await clock.advance(0);
  expect(writes).toHaveLength(2);
});

it("stops if the pod no longer exists", async () => {
  answer = () => Promise.reject(new KubeError("gone", { status: 404, reason: "NotFound" }));
  writer.publish(status("False"));
  await clock.advance(0);
  writer.publish(status("True"));
  await clock.advance(10_000);
  expect(writes).toHaveLength(1);
});
