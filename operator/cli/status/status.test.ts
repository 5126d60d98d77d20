import { describe, expect, it, onTestFinished } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { gpuOnly, NOW_MS, poolObject } from "../../../test/support/pools.ts";
import { json, refusal, StubApiServer } from "../../../test/support/stub-api-server.ts";
import { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/types.ts";
import { OperatorError } from "../ask-operator.ts";
import { plain } from "../paint.ts";
import { poolLines } from "./pool-lines.ts";
import { poolStatus } from "./pool-status.ts";
import { poolTable } from "./pool-table.ts";
import { status } from "./status.ts";
import { watchStatus } from "./watch-status.ts";

const at = (beforeMs: number) => new Date(NOW_MS - beforeMs).toISOString();
const condition = (type: string, value: "True" | "False", message: string) => ({
  ...{ type, status: value, message, reason: "Because" },
  ...{ lastTransitionTime: at(60_000), observedGeneration: 1 },
});
const lastDecision = { time: at(12_000), group: "gpu", from: 3, to: 6, reason: "5 sessions + 10 queued" };
const reported = {
  conditions: [
    condition("Ready", "True", "every preset can be launched"),
    condition("StartupObjective", "False", "slow"),
    condition("AtMaximum", "True", "raise max of group gpu"),
  ],
  ...{ sessions: 5, slots: 12, warmSlots: 3, queued: 1, pressurePerMinute: 2 },
  groups: [{ name: "gpu", desired: 6, ready: 3, warm: 2, draining: 1, sessions: 5, slots: 12, unschedulable: 1 }],
  presets: [{ name: "maya", warmSlots: 3 }],
  startup: { p50: "4.1s", p95: "7.0s" },
  lastDecision,
};
const pool = poolObject(gpuOnly, {}, reported);
const viewOf = (object: object) => poolStatus(object as KubeObject);

describe("status of one pool", () => {
  it("shows readiness, troubles, workers by state, slots, warm presets, queue, start-up, pressure and decisions", () => {
    expect(`\n${poolLines(viewOf(pool), NOW_MS, plain).join("\n")}\n`).toBe(`
AvatarPool avatars/support   Ready: every preset can be launched
AtMaximum: raise max of group gpu
StartupObjective: slow

gpu workers   ●●◐◐○·                   2 warm, 2 starting, 1 draining, 1 without a node
gpu slots     █████░░░░░░░             5 sessions, 12 slots

warm slots    maya 3
queue         1 launch waits
start-up      p50 4.1s   p95 7.0s   objective 95% within 6s: missed
pressure      2 launches short of capacity in the last minute

decisions      12s  gpu 3 -> 6: 5 sessions + 10 queued
`);
  });

  it("works before the operator has reported", () => {
    const text = poolLines(viewOf(poolObject(gpuOnly)), NOW_MS, plain).join("\n");
    expect(text).toContain("Unknown: the operator has not reported yet");
    expect(text).toContain("decisions     none yet");
    expect(text).not.toContain("undefined");
  });

  it("colours on a terminal only", () => {
    const lines = poolLines(viewOf(pool), NOW_MS, (style, text) => `<${style}>${text}</>`).join("\n");
    expect(lines).toContain("<green>●●</><yellow>◐◐</><dim>○</><red>·</>");
    expect(lines).toContain("<green>Ready</>");
  });
});

it("shows several pools as a table", () => {
  const paused = poolObject(
    { ...gpuOnly, scaling: { paused: true } },
    { name: "other" },
    { conditions: [reported.conditions[0]!] },
  );
  const pools = [pool, paused].map(viewOf);
  expect(`\n${poolTable(pools, { namespaces: true, wide: false }, NOW_MS, plain).join("\n")}\n`).toBe(`
NAMESPACE   POOL      STATE             SESSIONS   SLOTS   WARM   QUEUED   PRESSURE/MIN   P95    OBJECTIVE
avatars     support   Ready,AtMaximum   5          12      3      1        2              7.0s   6s
avatars     other     Ready,Paused      0          0       0      0        0              -      6s
`);
  const [, wide] = poolTable(pools, { namespaces: false, wide: true }, NOW_MS, plain);
  expect(wide).toMatch(/gpu 2\/6 \(max 10\) {3}gpu 3 -> 6, 12s ago {3}raise max of group gpu$/);
});

describe("status", () => {
  const scope = { namespace: "avatars", name: "support", output: "json" } as const;
  const run = async (changes: object, found: object | undefined = pool) => {
    const lines: string[] = [];
    const client = { get: async () => found as never, list: async () => ({ items: [pool], resourceVersion: "1" }) as never };
    const ask = async () => ({ operator: "o", since: at(0), pool: "avatars/support", latest: [], changes: [] });
    await status({ client, ask, ...changes }, scope, (line) => lines.push(line), plain, new FakeClock());
    return JSON.parse(lines.join("\n"));
  };

  it("adds the operator's decisions to the pool's own, each once", async () => {
    const change = (time: string, to: number) => ({
      time,
      group: "gpu",
      from: 1,
      to,
      outcome: "grew",
      reason: "r",
      arithmetic: "a",
    });
    const changes = [change(at(11_500).replace(".500Z", ".900Z"), 9), change(lastDecision.time.replace(".000Z", ".400Z"), 6)];
    const ask = async () => ({ operator: "o", since: at(0), pool: "avatars/support", latest: [], changes });
    expect((await run({ ask })).decisions.map(({ to }: { to: number }) => to)).toEqual([9, 6]);
  });

  it("has the status alone if the operator is unreachable or slow", async () => {
    expect((await run({ ask: () => Promise.reject(new OperatorError("away")) })).decisions).toHaveLength(1);
    const clock = new FakeClock();
    const lines: string[] = [];
    const client = { get: async () => pool as never, list: async () => ({ items: [] }) as never };
    const shown = status({ client, ask: () => new Promise(() => {}) }, scope, (line) => lines.push(line), plain, clock);
    await clock.advance(1_000);
    await shown;
    expect(JSON.parse(lines.join("")).state).toBe("Ready");
  });

  it("reports a missing pool", async () => {
    const client = { get: async () => undefined, list: async () => ({ items: [] }) as never };
    const run = status({ client, ask: async () => ({}) }, scope, () => {}, plain, new FakeClock());
    await expect(run).rejects.toThrow(/there is no AvatarPool support in namespace avatars/);
  });
});

describe("status --watch", () => {
  async function start(...answers: Parameters<typeof StubApiServer.start>) {
    const server = await StubApiServer.start(...answers);
    const clock = new FakeClock();
    const client = new KubeClient(server.config(), { userAgent: "test", clock });
    const stop = new AbortController();
    const drawn: string[] = [];
    const show = (lines: readonly string[]) => void drawn.push(lines.join("\n"));
    onTestFinished(async () => {
      stop.abort();
      await server[Symbol.asyncDispose]();
      await client.close();
    });
    const ask = () => Promise.reject(new OperatorError("away"));
    const scope = { namespace: "avatars", name: "support", wide: false };
    const output = { terminal: true, show, paint: plain };
    const watching = watchStatus({ client, ask, clock, random: () => 0 }, scope, output, stop.signal);
    return { server, clock, stop, drawn, watching };
  }
  const list = (...items: readonly object[]) => json({ metadata: { resourceVersion: "1" }, items });
  const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

  it("draws the list at once, then at most four times a second, until its signal aborts", async () => {
    let send = (_text: string) => {};
    const opened = Promise.withResolvers<void>();
    const { clock, stop, drawn, watching } = await start(list(pool), (response) => {
      response.flushHeaders();
      send = (text) => void response.write(text);
      opened.resolve();
    });
    await opened.promise;
    expect(drawn).toHaveLength(1);
    const changed = (queued: number) => event("MODIFIED", poolObject(gpuOnly, {}, { ...reported, queued }));
    send(Array.from({ length: 60 }, (_, n) => changed(n + 2)).join(""));
    await expect
      .poll(async () => {
        await clock.advance(250);
        return drawn.at(-1);
      })
      .toContain("61 launches wait");
    expect(drawn.length).toBeLessThan(30);
    stop.abort();
    await watching;
  });

  it("ends with the reason if the pool is missing, is deleted, or may not be read", async () => {
    const other = await start(list(poolObject(gpuOnly, { name: "other" })));
    await expect(other.watching).rejects.toThrow(/there is no AvatarPool support/);
    const denied = await start(refusal(403, "Forbidden", "no"));
    await expect(denied.watching).rejects.toMatchObject({ status: 403 });
    const deleted = await start(list(pool), (response) => void response.write(event("DELETED", pool)));
    const ended = expect(deleted.watching).rejects.toThrow(/AvatarPool avatars\/support was deleted/);
    await expect.poll(() => deleted.server.requests.length).toBe(2);
    for (let n = 0; n < 20; n++) await deleted.clock.advance(250);
    await ended;
  });
});
