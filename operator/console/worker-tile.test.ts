import { describe, expect, it } from "vitest";
import { NOW_MS, type PodChange, pod } from "../../test/support/pools.ts";
import { type TileContext, workerTile } from "./worker-tile.ts";

const load = { sessions: 0, reserved: 0, slots: 3, ready: true, cordonAcknowledged: true, blocked: 0 };
const context: TileContext = { slots: 3, presets: ["maya"], warmup: "session", outdated: false, load, nowMs: NOW_MS };
const tile = (change: PodChange, more: Partial<TileContext> = {}) => {
  const { state, why } = workerTile(pod("a", change), { ...context, ...more });
  return `${state}: ${why}`;
};
const problem = (reason: string, message: string): PodChange => ({
  stage: "starting",
  status: {
    containerStatuses: [
      { name: "worker", image: "", imageID: "", ready: false, restartCount: 0, state: { waiting: { reason, message } } },
    ],
  },
});

describe("workerTile", () => {
  it("explains each state", () => {
    expect(tile({ stage: "unscheduled" })).toBe("pending: the scheduler finds no node: 0/3 nodes are available.");
    expect(tile({ stage: "pending" })).toBe("starting: starting since 00:00:00 UTC: the kubelet has not started the pod");
    expect(tile({ stage: "starting" })).toBe("starting: the worker's process runs since 00:00:00 UTC and is not ready yet");
    expect(tile({ stage: "answering" })).toBe("warming: ready; loading maya");
    expect(tile({ stage: "answering" }, { warmup: "pipeline" })).toBe("warming: ready; warming up the rendering pipeline");
    expect(tile({}, { load: { ...load, sessions: 1, reserved: 1 } })).toBe("warm: warm; 1 of 3 slots is free");
    expect(tile({}, { load: { ...load, sessions: 1, blocked: 1 } })).toBe(
      "warm: warm; 1 of 3 slots is free; its load blocks 1 slot",
    );
    expect(tile({}, { load: { ...load, ready: false } })).toBe("warm: warm; no gateway reaches it");
    expect(tile({}, { load: undefined })).toBe("warm: warm; no gateway has reported it yet");
  });

  it("counts the sessions that remain on a worker that leaves", () => {
    const cordonedAtMs = NOW_MS;
    expect(tile({ cordonedAtMs }, { load: { ...load, sessions: 2 } })).toBe(
      "draining: takes no launches since 12:00:00 UTC: 2 sessions remain",
    );
    expect(tile({ cordonedAtMs, released: true })).toBe(
      "cordoned: takes no launches since 12:00:00 UTC: it has no session, and the next scale-down removes it",
    );
    expect(tile({ deleting: true, endsAtMs: NOW_MS + 60_000 }, { load: { ...load, sessions: 1 } })).toBe(
      "draining: the pod is being deleted: 1 session remains, until 12:01:00 UTC at the latest",
    );
  });

  it("quotes the kubelet without secrets", () => {
    expect(tile(problem("ImagePullBackOff", "denied: https://user:hunter22@registry.example.com/x?sig=abcdef"))).toBe(
      "failing: ImagePullBackOff: worker: denied: https://[hidden]@registry.example.com/x?…",
    );
    expect(tile({ ended: { reason: "Evicted", message: "The node was low on memory" } })).toBe(
      "failing: Evicted: The node was low on memory",
    );
  });

  it("has no slots after its pod has ended", () => {
    expect(workerTile(pod("a", { ended: { reason: "Evicted" } }), context).slots).toBe(0);
  });
});
