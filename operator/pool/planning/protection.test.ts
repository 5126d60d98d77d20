import { describe, expect, it } from "vitest";
import { gpuOnly, NOW_MS, pod, pool, snapshot, type WorldChange } from "../../../test/support/pools.ts";
import { WARM_GATE } from "../../api/names.ts";
import { Memories } from "../memory.ts";

const memory = () => new Memories().of("p");
const seen = (change: WorldChange) => snapshot(pool(gpuOnly), change).groups[0]!.members.protection;
const changes = (change: WorldChange) => Object.fromEntries(seen(change).changes);

const kept = pod("a", { protected: true });
const free = pod("a");

describe("protectionOf", () => {
  it("protects a worker as soon as it has a session, and writes nothing more for a protected worker", () => {
    expect(changes({ pods: [free], sessions: { a: 1 } })).toEqual({ "uid-a": true });
    expect(changes({ pods: [kept], sessions: { a: 2 } })).toEqual({});
    expect(changes({ pods: [free] })).toEqual({});
  });

  it("releases a worker after half an idle minute, so that consecutive sessions cause no write", () => {
    const known = memory();
    const at = (afterMs: number, sessions: number) =>
      seen({ pods: [kept], sessions: { a: sessions }, memory: known, nowMs: NOW_MS + afterMs });
    expect(at(0, 1)).toMatchObject({ dueMs: undefined });
    expect(at(29_999, 0)).toMatchObject({ changes: new Map(), dueMs: NOW_MS + 30_000 });
    expect(at(29_999, 1)).toMatchObject({ changes: new Map() });
    expect(at(59_998, 0)).toMatchObject({ changes: new Map(), dueMs: NOW_MS + 59_999 });
    expect(at(59_999, 0).changes).toEqual(new Map([["uid-a", false]]));
    expect(known.lastBusyMs.size).toBe(0);
  });

  it("releases a worker that never had a session when it is warm and a gateway has reached it", () => {
    expect(changes({ pods: [kept] })).toEqual({ "uid-a": false });
    expect(changes({ pods: [pod("a", { protected: true, stage: "answering" })] })).toEqual({});
  });

  it("keeps all workers protected while sessions are unknown", () => {
    expect(changes({ pods: [kept], gateways: 0 })).toEqual({});
  });

  it("releases a worker whose process has ended permanently, so that it does not hold its node", () => {
    const state = (state: object) => ({ containerStatuses: [{ name: "worker", state } as never] });
    const crashing = { waiting: { reason: "CrashLoopBackOff", message: "back-off" } };
    const change = (more: object) => ({ pods: [pod("a", { protected: true, stage: "starting", ...more })] });
    expect(changes({ ...change({ status: state(crashing) }), gateways: 0 })).toEqual({ "uid-a": false });
    expect(changes(change({ status: state({ waiting: { reason: "ContainerCreating" } }) }))).toEqual({});
    expect(changes(change({}))).toEqual({});
    const failed = { type: WARM_GATE, status: "False", reason: "WarmupFailed", message: "no such preset" };
    expect(changes(change({ status: { conditions: [failed] } }))).toEqual({});
  });

  it("omits workers that are being deleted", () => {
    expect(changes({ pods: [pod("a", { deleting: true })], sessions: { a: 1 } })).toEqual({});
  });
});
