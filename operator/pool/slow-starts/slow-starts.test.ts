import { describe, expect, it } from "vitest";
import { containerStatus as container } from "../../../test/support/container-status.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { gpuOnly, NOW_MS, pod, podObject, pool, snapshot } from "../../../test/support/pools.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { conditionsOf } from "../conditions/conditions.ts";
import { plan } from "../plan.ts";
import { podView } from "../views.ts";
import { latestOf, PodEvents } from "./pod-events.ts";
import { startingOf } from "./starting.ts";

const ago = (seconds: number) => new Date(NOW_MS - seconds * 1_000).toISOString();
const creating = { waiting: { reason: "ContainerCreating" } };

function object(seconds: number, status: object = { containerStatuses: [container("worker", creating)] }) {
  const conditions = [{ type: "PodScheduled", status: "True", lastTransitionTime: ago(seconds) }];
  return podObject("a", { stage: "pending", status: { phase: "Pending", conditions, ...status } });
}

const sandbox = { warning: true, reason: "FailedCreatePodSandBox", note: 'no runtime for "missing" is configured' };

/** The Ready condition of a pool with this one pod. */
function ready(seconds: number, event?: typeof sandbox) {
  const seen = snapshot(pool(gpuOnly), { pods: [podView(object(seconds))!], latestEvent: () => event });
  return { ...conditionsOf(seen, plan(seen))[0]!, dueMs: seen.dueMs };
}

describe("a pod that has a node and does not start", () => {
  it("is starting for half a minute, then reported, with the text of its latest event if that is a warning", () => {
    expect(ready(29, sandbox)).toMatchObject({ reason: "Starting", dueMs: 1_000 });
    expect(ready(30, sandbox)).toMatchObject({ reason: "WorkerFailing" });
    expect(ready(30, sandbox).message).toBe(
      'maya cannot be launched: 1 worker of group gpu cannot start: FailedCreatePodSandBox: worker: ContainerCreating: "no runtime for "missing" is configured"; see kubectl -n avatars describe pod a',
    );
  });

  it("is reported without a warning event at the maximum time of a start", () => {
    expect(ready(1_199)).toMatchObject({ reason: "Starting", dueMs: 1_000 });
    expect(ready(1_199, { warning: false, reason: "Pulling", note: "Pulling image" })).toMatchObject({ reason: "Starting" });
    expect(ready(1_200).message).toContain("cannot start: NotStarted: worker: ContainerCreating; see kubectl");
  });

  it("is checked for at most two pods of a group at a time", () => {
    const names = ["a", "b", "c", "d"];
    const pods = names.map((name) => ({ ...podView(object(60))!, name, uid: name }));
    const asked: string[] = [];
    const latestEvent = ({ name }: { readonly name: string }) => {
      asked.push(name);
      return undefined;
    };
    snapshot(pool(gpuOnly), { pods, latestEvent });
    expect(asked).toEqual(["a", "b"]);
  });
});

describe("startingOf", () => {
  it("names the first container that is not done", () => {
    const fetched = container("fetch-assets", { terminated: { exitCode: 0 } });
    expect(
      startingOf(object(5, { initContainerStatuses: [fetched], containerStatuses: [container("worker", creating)] }))?.what,
    ).toBe("worker: ContainerCreating");
    expect(startingOf(object(5, { initContainerStatuses: [container("fetch-assets", { running: {} })] }))?.what).toBe(
      "fetch-assets: Running",
    );
    expect(startingOf(object(5, { containerStatuses: [] }))?.what).toBe("the kubelet has not started the pod");
  });

  it("is undefined for a pod that runs, has no node, or terminates", () => {
    for (const change of [{}, { stage: "unscheduled" as const }, { stage: "pending" as const, deleting: true }])
      expect(pod("a", change).starting).toBeUndefined();
  });
});

it("reports a container that ends repeatedly also while it runs again", () => {
  const lastState = { terminated: { exitCode: 2, reason: "Error", message: "no such model" } };
  const problem = (restartCount: number, ready = false) =>
    podView(object(5, { initContainerStatuses: [container("setup", { running: {} }, { restartCount, ready, lastState })] }))!
      .problem;
  expect(problem(2)).toBeUndefined();
  expect(problem(3)).toEqual({ reason: "Error", message: "setup: no such model" });
  expect(problem(3, true), "the container is ready").toBeUndefined();
});

describe("PodEvents", () => {
  const event = (type: string, reason: string, seconds: number) => ({
    type,
    reason,
    note: `${reason} of https://me:secret@registry.test/v2`,
    deprecatedLastTimestamp: ago(seconds),
    eventTime: ago(seconds),
  });

  it("finds the latest event, prefers a warning at equal times, and hides secrets", () => {
    expect(latestOf([event("Warning", "FailedMount", 9), event("Normal", "Pulling", 5)])).toMatchObject({ reason: "Pulling" });
    expect(latestOf([event("Normal", "Pulling", 5), event("Warning", "Failed", 5)])).toEqual({
      warning: true,
      reason: "Failed",
      note: "Failed of https://[hidden]@registry.test/v2",
    });
    expect(latestOf([])).toBeUndefined();
  });

  it("requests the events of one pod once a minute, and calls back when the result changes", async () => {
    const clock = new FakeClock(NOW_MS);
    const asked: unknown[] = [];
    const events = [event("Warning", "FailedMount", 9)];
    const list = async (_type: unknown, options: unknown) => {
      asked.push(options);
      return { items: events as never, resourceVersion: "1" };
    };
    const podEvents = new PodEvents({ client: { list }, clock, logger: createLogger("operator", "silent") });
    let news = 0;
    const look = () => podEvents.latest(pod("a"), () => news++);
    expect(look()).toBeUndefined();
    await clock.advance(1);
    expect(look()).toMatchObject({ reason: "FailedMount" });
    for (let second = 0; second < 125; second++) {
      look();
      await clock.advance(1_000);
    }
    expect([asked.length, news]).toEqual([3, 1]);
    expect(asked[0]).toEqual({ namespace: "avatars", fieldSelector: "regarding.uid=uid-a", limit: 100 });
  });

  it("continues if events cannot be read", async () => {
    const clock = new FakeClock(NOW_MS);
    const list = () => Promise.reject(new Error("forbidden"));
    const podEvents = new PodEvents({ client: { list }, clock, logger: createLogger("operator", "silent") });
    podEvents.latest(pod("a"), () => {});
    await clock.advance(1);
    expect(podEvents.latest(pod("a"), () => {})).toBeUndefined();
  });
});
