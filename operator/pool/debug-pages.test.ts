import { describe, expect, it } from "vitest";
import { load, NOW_MS, report } from "../../test/support/pools.ts";
import { DECISIONS_PATH, decisionsSchema, WORKERS_PATH, workersSchema } from "../api/debug.ts";
import { debugPages, type Leadership, type Role } from "./debug-pages.ts";
import { DecisionLog } from "./decision-log.ts";
import { LoadHub } from "./load/load-hub.ts";
import { type DecisionRecord, outcomeOf } from "./planning/decision.ts";

const POOL = "avatars/support";
const record = (from: number, to: number, atMs = NOW_MS): DecisionRecord => ({
  atMs,
  group: "gpu",
  from,
  to,
  arithmetic: "a sum",
  outcome: outcomeOf(from, to),
  reason: "a sentence",
});

function pages(role: Partial<Role>) {
  const all = debugPages("operator-1", { leading: undefined, leader: undefined, ...role });
  return (path: string, query: Record<string, string> = {}) => all[path]!(new URLSearchParams(query));
}

const target = { slots: 5, holdMs: 60_000, because: "5 warm" };

function leading(log?: DecisionLog): Leadership {
  const hub = new LoadHub();
  hub.setGateways(["g"], NOW_MS);
  const worker = { pod: "a", uid: "uid-a", ready: true, sessions: 2, reserved: 1, slots: 4, cordoned: false };
  const refused = (count: number) => ({ maya: { worker503: 0, waited: 0, refused: count } });
  for (const shortages of [refused(0), refused(2)])
    hub.accept("g", report("g", [load({ workers: [worker], queued: { maya: 3 }, shortages })], false), NOW_MS);
  return {
    sinceMs: NOW_MS,
    pools: () => ["b/later", POOL],
    memory: (key) => (key === POOL && log ? { decisions: log, forecast: new Map([["gpu", target]]) } : undefined),
    load: (key) => hub.view(key, NOW_MS),
  };
}

describe("the pages under /debug", () => {
  it("list the pools, and show the latest decisions and the last changes of one pool, newest first", () => {
    const log = new DecisionLog();
    for (let size = 0; size < 60; size++) log.add([record(size, size + 1, NOW_MS + size * 1_000)]);
    log.add([record(60, 60, NOW_MS + 60_000)]);
    const get = pages({ leading: leading(log) });
    expect(get(DECISIONS_PATH).body).toEqual({
      operator: "operator-1",
      since: "2026-01-01T12:00:00.000Z",
      pools: [POOL, "b/later"],
    });
    const { status, body } = get(DECISIONS_PATH, { pool: POOL });
    const { latest, changes } = decisionsSchema.parse(body);
    expect(status).toBe(200);
    expect(latest).toEqual([expect.objectContaining({ time: "2026-01-01T12:01:00.000Z", to: 60, outcome: "unchanged" })]);
    expect([changes.length, changes[0]?.to, changes.at(-1)?.to]).toEqual([60, 60, 1]);
  });

  it("show a pool without decisions, and explain the request for an unknown pool", () => {
    const get = pages({ leading: leading() });
    expect(get(DECISIONS_PATH, { pool: POOL })).toMatchObject({ status: 200, body: { latest: [], changes: [] } });
    for (const query of [{ pool: "avatars/nobody" }, { pool: "" }])
      expect(get(DECISIONS_PATH, query)).toEqual({
        status: 404,
        body: {
          message: expect.stringMatching(/manages no pool "\S*": request \?pool=NAMESPACE\/NAME; \/debug\/decisions lists/),
        },
      });
    expect(get(WORKERS_PATH).status).toBe(404);
  });

  it("show the gateways' reports on the workers, and the forecast", () => {
    const { body } = pages({ leading: leading(new DecisionLog()) })(WORKERS_PATH, { pool: POOL });
    expect(workersSchema.parse(body)).toMatchObject({
      gatewaysConnected: 1,
      queued: { maya: 3 },
      deficit: { maya: 2 },
      pressure: { maya: 2 },
      forecast: { gpu: target },
      workers: [{ uid: "uid-a", sessions: 2, reserved: 1, slots: 4, ready: true, cordonAcknowledged: false }],
    });
  });

  it("answer 503 on a replica that does not lead, and name the leader if it is known", () => {
    expect(pages({ leader: "operator-0" })(DECISIONS_PATH)).toEqual({
      status: 503,
      body: { message: "operator-1 does not lead: send the request to the leader operator-0" },
    });
    expect(pages({})(WORKERS_PATH, { pool: POOL })).toEqual({
      status: 503,
      body: { message: "operator-1 does not lead: the leader is unknown; retry in a few seconds" },
    });
  });
});
