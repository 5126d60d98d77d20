import { beforeEach, describe, expect, it } from "vitest";
import type { KubeClient } from "../../../operator/kube/client.ts";
import { FakeClock } from "../fake-clock.ts";
import { ContainerRunner } from "./container-runner.ts";
import type { ContainerState } from "./container-state.ts";
import type { Container } from "./pod.ts";

let clock: FakeClock;
let ending: AbortController;
let states: ContainerState[];
let secret: { data: Record<string, string> } | undefined;

beforeEach(() => {
  clock = new FakeClock();
  ending = new AbortController();
  states = [];
  secret = undefined;
});

function runner(container: Partial<Container> = {}) {
  return new ContainerRunner({
    container: { name: "worker", image: "worker:1", ...container },
    pod: { namespace: "avatars", name: "gpu-0", uid: "u1" },
    client: { get: async () => secret } as unknown as KubeClient,
    clock,
    ending: ending.signal,
    onState: (state) => states.push(state),
  });
}

const current = () => states.at(-1)?.current;

/** Starts a container that fails at once, every time. @returns the times of its starts in seconds. */
function failing() {
  const startsS: number[] = [];
  const beginMs = clock.now();
  const done = runner().runUntilSuccess(async () => {
    startsS.push((clock.now() - beginMs) / 1_000);
    return { exitCode: 1, message: "no such model" };
  });
  return { startsS, done };
}

describe("restarts", () => {
  it("happen at once, then after 10 s, doubled up to 5 min", async () => {
    const { startsS } = failing();
    await clock.advance(1_500_000);
    const waitsS = startsS.slice(1).map((startS, index) => startS - (startsS[index] ?? 0));
    expect(waitsS).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it("are reported like the kubelet's", async () => {
    failing();
    await clock.advance(1_000);
    expect(states.at(-1)).toMatchObject({
      current: {
        kind: "waiting",
        reason: "CrashLoopBackOff",
        message: "back-off 10s restarting failed container=worker pod=gpu-0_avatars(u1)",
      },
      last: { exitCode: 1, message: "no such model" },
      ready: false,
      started: false,
    });
  });

  it("reset the back-off after a run of 10 minutes", async () => {
    let end: (() => void) | undefined;
    let runs = 0;
    void runner().runUntilSuccess(() => {
      runs += 1;
      return new Promise((resolve) => {
        end = () => resolve({ exitCode: 1 });
      });
    });
    for (const expected of [1, 2]) {
      await expect.poll(() => runs).toBe(expected);
      await clock.advance(600_000);
      end?.();
    }
    await expect.poll(() => runs).toBe(3);
  });

  it("end with the pod", async () => {
    const { startsS, done } = failing();
    await clock.advance(15_000);
    ending.abort();
    expect(await done).toBe(false);
    await clock.advance(600_000);
    expect(startsS).toHaveLength(3);
  });

  it("do not happen after a success", async () => {
    expect(await runner().runUntilSuccess(async () => ({ exitCode: 0 }))).toBe(true);
    expect(states.at(-1)).toMatchObject({ current: { kind: "terminated", exitCode: 0 }, ready: true, restarts: 0 });
  });
});

it("reports the failed pull first, then its back-off, and does not start", async () => {
  const begun = runner({ image: "worker-does-not-exist:1" }).begin();
  await clock.advance(0);
  expect(current()).toMatchObject({ kind: "waiting", reason: "ErrImagePull" });
  await clock.advance(2_000);
  expect(current()).toMatchObject({ kind: "waiting", reason: "ImagePullBackOff" });
  await clock.advance(10_000);
  expect(current()).toMatchObject({ kind: "waiting", reason: "ErrImagePull" });
  ending.abort();
  expect(await begun).toBe(false);
});

it("waits for the Secret and its key, and passes the value to the container", async () => {
  const env = [{ name: "API_SECRET", valueFrom: { secretKeyRef: { name: "bithuman", key: "api-secret" } } }];
  let seen: unknown;
  const done = runner({ env }).runUntilSuccess(async (values) => {
    seen = values;
    return { exitCode: 0 };
  });
  await clock.advance(0);
  expect(current()).toEqual({ kind: "waiting", reason: "CreateContainerConfigError", message: 'secret "bithuman" not found' });
  secret = { data: {} };
  await clock.advance(10_000);
  expect(current()).toMatchObject({ message: "couldn't find key api-secret in Secret avatars/bithuman" });
  secret = { data: { "api-secret": Buffer.from("s3cret").toString("base64") } };
  await clock.advance(10_000);
  expect(await done).toBe(true);
  expect(seen).toEqual({ API_SECRET: "s3cret" });
});
