import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { createLogger } from "../telemetry/logger.ts";
import { KubeError } from "./errors.ts";
import { type LeaderElectOptions, leaderElect } from "./lease.ts";
import type { Lease } from "./lease-record.ts";

const ref = { namespace: "ns", name: "operator" };

/** One Lease with optimistic concurrency, as in the API server, behind a connection that tests can cut. */
class LeaseApi {
  lease: Lease | undefined;
  readonly holders: string[] = [];
  #version = 0;

  read(): Lease | undefined {
    return this.lease && structuredClone(this.lease);
  }

  write(lease: Lease, mustExist: boolean): Lease {
    const current = this.lease?.metadata?.resourceVersion;
    if (mustExist !== (this.lease !== undefined) || (mustExist && lease.metadata?.resourceVersion !== current)) {
      throw new KubeError("the object has been modified", { status: 409, reason: "Conflict" });
    }
    this.lease = { ...structuredClone(lease), metadata: { ...lease.metadata, resourceVersion: `${++this.#version}` } };
    const holder = lease.spec?.holderIdentity ?? "";
    if (this.holders.at(-1) !== holder) this.holders.push(holder);
    return structuredClone(this.lease);
  }
}

/** The API as one candidate sees it: its own connection may fail or hang. */
class Wire {
  state: "up" | "down" | "hangs" | "loses-answers" = "up";
  readonly #api: LeaseApi;

  constructor(api: LeaseApi) {
    this.#api = api;
  }

  get client(): LeaderElectOptions["client"] {
    const call = async (signal: AbortSignal | undefined, run: () => unknown): Promise<never> => {
      if (this.state === "down") throw new KubeError("no route", { status: 0, reason: "NoAnswer" });
      if (this.state === "hangs") await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      const answer = run();
      if (this.state === "loses-answers") throw new KubeError("cut", { status: 0, reason: "NoAnswer" });
      return answer as never;
    };
    return {
      get: (_type, _ref, options) => call(options?.signal, () => this.#api.read()),
      create: (_type, lease, options) => call(options?.signal, () => this.#api.write(lease as Lease, false)),
      replace: (_type, lease, options) => call(options?.signal, () => this.#api.write(lease as Lease, true)),
    };
  }
}

function setup() {
  const clock = new FakeClock();
  const api = new LeaseApi();
  /** The present leaders, from their own signals. */
  const leaders = new Set<string>();
  let most = 0;
  /** By candidate: the annotation `at` of the holders that it has observed. */
  const observed: Record<string, (string | undefined)[]> = {};
  const candidate = (identity: string, work?: (leading: AbortSignal) => Promise<void>, at: string | undefined = undefined) => {
    const wire = new Wire(api);
    const stop = new AbortController();
    let ahead = { steadyMs: 0, wallMs: 0 };
    let holds = () => false;
    const result = leaderElect({
      client: wire.client,
      lease: ref,
      identity,
      annotations: { at },
      onHolder: (_holder, annotations) => {
        observed[identity] = [...(observed[identity] ?? []), annotations.at];
      },
      clock: { now: () => clock.now() + ahead.steadyMs, schedule: (delayMs, callback) => clock.schedule(delayMs, callback) },
      wallClock: () => clock.now() + ahead.wallMs,
      random: () => 0.5,
      logger: createLogger("test", "silent"),
      signal: stop.signal,
      async onElected(leading, held) {
        holds = held;
        leaders.add(identity);
        most = Math.max(most, leaders.size);
        await (work?.(leading) ?? new Promise<void>((resolve) => leading.addEventListener("abort", () => resolve())));
        leaders.delete(identity);
      },
    });
    result.catch(() => {});
    const jump = (by: typeof ahead) => {
      ahead = by;
    };
    return { wire, stop, result, jump, holds: () => holds() };
  };
  return { api, candidate, clock, leaders, observed, most: () => most };
}

describe("leaderElect", () => {
  it("elects exactly one leader, and keeps the Lease valid for the API", async () => {
    const { api, candidate, clock, leaders } = setup();
    candidate("a");
    candidate("b");
    await clock.advance(60_000);
    expect([leaders, api.holders]).toEqual([new Set(["a"]), ["a"]]);
    expect(api.lease?.spec).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(api.lease?.spec?.acquireTime).toBe("2026-01-01T00:00:00.000000Z");
    expect(api.lease?.spec?.renewTime).toBe("2026-01-01T00:01:00.000000Z");
  });

  it.each<[string, { readonly steadyMs: number; readonly wallMs: number }]>([
    ["was suspended, so that only the wall clock went on", { steadyMs: 0, wallMs: 16_000 }],
    ["was suspended, and its wall clock was set back", { steadyMs: 16_000, wallMs: -3_600_000 }],
    ["stood still while both clocks went on", { steadyMs: 16_000, wallMs: 16_000 }],
  ])("a leader whose machine %s stops leading before any of its timers fires", async (_how, jump) => {
    const { clock, candidate, leaders } = setup();
    const a = candidate("a");
    await clock.advance(60_000);
    expect(a.holds()).toBe(true);
    a.jump(jump);
    expect(a.holds()).toBe(false);
    await clock.advance(0);
    expect([await a.result, leaders.has("a")]).toEqual(["lost", false]);
    // No other candidate held the Lease meanwhile, and a renewal does not revive decisions from before the suspension.
    await clock.advance(5_000);
    expect(a.holds()).toBe(false);
  });

  it("ends the work of a leader that wakes, without a write before", async () => {
    const { api, clock, candidate } = setup();
    const a = candidate("a");
    await clock.advance(60_000);
    const before = api.read();
    a.jump({ steadyMs: 0, wallMs: 16_000 });
    await clock.advance(2_000);
    expect([await a.result, api.read()]).toEqual(["lost", before]);
  });

  it("keeps leading if the wall clock is set back", async () => {
    const { clock, candidate, leaders } = setup();
    const a = candidate("a");
    await clock.advance(1_000);
    a.jump({ steadyMs: 0, wallMs: -3_600_000 });
    await clock.advance(60_000);
    expect([a.holds(), leaders]).toEqual([true, new Set(["a"])]);
  });

  it("hands over within seconds after the leader's work has ended", async () => {
    const { api, candidate, clock, leaders, most } = setup();
    const working = Promise.withResolvers<void>();
    const a = candidate("a", () => working.promise);
    await clock.advance(0);
    candidate("b");
    a.stop.abort();
    await clock.advance(60_000);
    expect(leaders).toEqual(new Set(["a"]));
    working.resolve();
    await clock.advance(3_000);
    expect([await a.result, leaders, most()]).toEqual(["stopped", new Set(["b"]), 1]);
    expect(api.holders).toEqual(["a", "", "b"]);
  });

  it("publishes the annotations of the holder, and removes those of an earlier one", async () => {
    const { api, candidate, clock, observed } = setup();
    const a = candidate("a", undefined, "http://10.0.0.1:8082");
    await clock.advance(0);
    const b = candidate("b");
    candidate("c", undefined, "http://10.0.0.3:8082");
    await clock.advance(3_000);
    expect(observed.b).toEqual(["http://10.0.0.1:8082"]);
    a.stop.abort();
    await clock.advance(3_000);
    expect(api.holders).toEqual(["a", "", "b"]);
    expect(api.lease?.metadata?.annotations).toEqual({});
    b.stop.abort();
    await clock.advance(3_000);
    expect([api.holders.at(-1), api.lease?.metadata?.annotations]).toEqual(["c", { at: "http://10.0.0.3:8082" }]);
  });

  it("takes over from a dead leader, not before its Lease has expired", async () => {
    const { api, candidate, clock, leaders } = setup();
    const a = candidate("a");
    await clock.advance(0);
    a.wire.state = "hangs";
    api.lease = { ...api.lease, spec: { ...api.lease?.spec, renewTime: "1999-01-01T00:00:00.000000Z" } };
    candidate("b");
    await clock.advance(14_900);
    expect(leaders.has("b"), "the remote clock does not count").toBe(false);
    await clock.advance(3_000);
    expect(leaders).toEqual(new Set(["b"]));
    expect(api.lease?.spec?.leaseTransitions).toBe(1);
  });

  it.each(["down", "hangs", "loses-answers"] as const)(
    "stops leading before another candidate starts if its connection %s",
    async (state) => {
      const { candidate, clock, leaders, most } = setup();
      const a = candidate("a");
      await clock.advance(0);
      candidate("b");
      await clock.advance(5_000);
      a.wire.state = state;
      // If only responses get lost, the renewals arrive, and no other candidate may take over.
      await clock.advance(10_000);
      expect(leaders.has("a")).toBe(false);
      expect(await a.result).toBe("lost");
      await clock.advance(20_000);
      expect([leaders, most()]).toEqual([new Set(["b"]), 1]);
    },
  );

  it("survives an outage that is shorter than the deadline", async () => {
    const { api, candidate, clock, leaders } = setup();
    const a = candidate("a");
    candidate("b");
    await clock.advance(1_000);
    a.wire.state = "down";
    await clock.advance(6_000);
    a.wire.state = "up";
    await clock.advance(60_000);
    expect([leaders, api.holders]).toEqual([new Set(["a"]), ["a"]]);
  });

  it("keeps renewing after the response to a renewal was lost", async () => {
    const { candidate, clock, leaders } = setup();
    const a = candidate("a");
    await clock.advance(1_000);
    a.wire.state = "loses-answers";
    await clock.advance(2_000);
    a.wire.state = "up";
    await clock.advance(60_000);
    expect(leaders).toEqual(new Set(["a"]));
  });

  it("stops leading at once if the Lease holds another name", async () => {
    const { api, candidate, clock } = setup();
    const a = candidate("a");
    await clock.advance(0);
    const taken = api.read();
    api.write({ ...taken, spec: { ...taken?.spec, holderIdentity: "admin" } }, true);
    await clock.advance(2_000);
    expect(await a.result).toBe("lost");
  });

  it("throws the error of the work, with the Lease released and no timer left", async () => {
    const { api, candidate, clock } = setup();
    const a = candidate("a", async () => {
      throw new Error("a bug");
    });
    await expect(a.result).rejects.toThrow("a bug");
    expect(api.holders).toEqual(["a", ""]);
    expect(clock.pending).toBe(0);
  });

  it("ends with its signal while it waits", async () => {
    const { candidate, clock } = setup();
    candidate("a");
    await clock.advance(0);
    const b = candidate("b");
    await clock.advance(1_000);
    b.stop.abort();
    expect(await b.result).toBe("stopped");
  });
});
