import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { WorkQueue } from "./queue.ts";

const half = () => 0.5;

function setup(options: { readonly maxKeys?: number } = {}) {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue(clock, half, { maxKeys: options.maxKeys ?? 100 }) };
}

/** The next key, if one waits now. */
async function take(queue: WorkQueue): Promise<string | undefined> {
  const patience = new AbortController();
  const next = queue.next(patience.signal);
  patience.abort();
  return next;
}

describe("WorkQueue", () => {
  it("returns keys in the order in which they began to wait, each once", async () => {
    const { queue } = setup();
    for (const key of ["b", "a", "b", "c", "a"]) queue.add(key);
    expect([await take(queue), await take(queue), await take(queue), await take(queue)]).toEqual(["b", "a", "c", undefined]);
  });

  it("queues a key that is added during its processing again only afterwards", async () => {
    const { queue } = setup();
    queue.add("a");
    expect(await take(queue)).toBe("a");
    queue.add("a");
    expect(await take(queue)).toBeUndefined();
    queue.done("a");
    expect(await take(queue)).toBe("a");
  });

  it("measures how long keys wait and are processed, and counts retries", async () => {
    const told: string[] = [];
    const note = (what: string) => (value?: number) => told.push([what, value].join(" ").trim());
    const metrics = {
      depth: note("depth"),
      added: note("added"),
      retried: note("retried"),
      taken: note("taken"),
      done: note("done"),
    };
    const clock = new FakeClock();
    const queue = new WorkQueue(clock, half, { maxKeys: 100, metrics });
    queue.add("a");
    queue.add("a");
    await clock.advance(2_000);
    await take(queue);
    await clock.advance(500);
    expect(queue.processingMs).toEqual([500]);
    queue.addWithBackoff("a");
    queue.done("a");
    expect(queue.processingMs).toEqual([]);
    queue.stop();
    expect(told).toEqual(["added", "depth 1", "taken 2000", "depth 0", "retried", "done 500", "depth 0"]);
  });

  it("serves waiting takers in the order of their arrival", async () => {
    const { queue } = setup();
    const { signal } = new AbortController();
    const takers = [queue.next(signal), queue.next(signal)];
    queue.add("a");
    queue.add("b");
    expect(await Promise.all(takers)).toEqual(["a", "b"]);
  });

  it("keeps the earliest of several delays", async () => {
    const { clock, queue } = setup();
    queue.addAfter("a", 5_000);
    queue.addAfter("a", 1_000);
    queue.addAfter("a", 9_000);
    await clock.advance(999);
    expect(await take(queue)).toBeUndefined();
    await clock.advance(1);
    expect(await take(queue)).toBe("a");
    queue.done("a");
    await clock.advance(60_000);
    expect(await take(queue)).toBeUndefined();
  });

  it("doubles the delay with every failure up to a minute, and resets it after forget", async () => {
    const { clock, queue } = setup();
    const delays: number[] = [];
    const fail = async () => {
      queue.addWithBackoff("a");
      delays.push(clock.nextDelayMs ?? Number.NaN);
      await clock.runPending();
      queue.done((await take(queue)) ?? "");
    };
    for (let i = 0; i < 14; i++) await fail();
    queue.forget("a");
    await fail();
    expect(delays.slice(0, 4)).toEqual([50, 100, 200, 400]);
    expect(delays[13]).toBe(30_000);
    expect(delays[14]).toBe(50);
  });

  it("rejects new keys beyond its bound, and never known ones", async () => {
    const { queue } = setup({ maxKeys: 2 });
    expect([queue.add("a"), queue.addAfter("b", 1_000), queue.add("c"), queue.addAfter("d", 1)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([queue.add("a"), queue.addWithBackoff("b")]).toEqual([true, true]);
    queue.done((await take(queue)) ?? "");
    expect(queue.add("c")).toBe(true);
  });

  it("leaves no timer after it stops", () => {
    const { clock, queue } = setup();
    queue.addAfter("a", 1_000);
    queue.stop();
    queue.addAfter("b", 1_000);
    expect(clock.pending).toBe(0);
  });
});

type Command =
  | { readonly do: "add" | "fail"; readonly key: string }
  | { readonly do: "addAfter"; readonly key: string; readonly ms: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "take" }
  | { readonly do: "done"; readonly nth: number };

const key = fc.constantFrom("a", "b", "c", "d");
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("add" as const, "fail" as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("addAfter" as const), key, ms: fc.nat(1_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.nat(1_000) }) },
  { weight: 3, arbitrary: fc.constant({ do: "take" as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("done" as const), nth: fc.nat(10) }) },
);

/** Runs commands against the queue and records the expected results. */
class Model {
  readonly clock = new FakeClock();
  readonly queue = new WorkQueue(this.clock, half, { maxKeys: 100 });
  readonly working = new Set<string>();
  /** Keys that the queue must return once more. */
  readonly owed = new Set<string>();
  /** Key -> time when it is due. */
  readonly due = new Map<string, number>();
  readonly failures = new Map<string, number>();
  adds = 0;
  handouts = 0;

  async run(step: Command): Promise<void> {
    switch (step.do) {
      case "add":
        this.queue.add(step.key);
        return this.#owe(step.key, 0);
      case "addAfter":
        this.queue.addAfter(step.key, step.ms);
        return this.#owe(step.key, step.ms);
      case "fail": {
        const failures = this.failures.get(step.key) ?? 0;
        this.failures.set(step.key, failures + 1);
        this.queue.addWithBackoff(step.key);
        return this.#owe(step.key, Math.min(60_000, 100 * 2 ** failures) / 2);
      }
      case "advance":
        return this.advance(step.ms);
      case "take": {
        await this.take();
        return;
      }
      case "done": {
        const [taken] = [...this.working].slice(step.nth % Math.max(1, this.working.size));
        if (taken !== undefined) this.done(taken);
      }
    }
  }

  async take(): Promise<string | undefined> {
    const taken = await take(this.queue);
    if (taken === undefined) return undefined;
    expect(this.working.has(taken), `${taken} returned twice at once`).toBe(false);
    expect(this.owed.delete(taken), `${taken} returned without a request, or too early`).toBe(true);
    this.working.add(taken);
    this.handouts++;
    return taken;
  }

  done(taken: string): void {
    this.working.delete(taken);
    this.queue.done(taken);
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    for (const [key, dueMs] of this.due) {
      if (dueMs > this.clock.now()) continue;
      this.due.delete(key);
      this.owed.add(key);
    }
  }

  #owe(wanted: string, delayMs: number): void {
    this.adds++;
    if (delayMs === 0) this.owed.add(wanted);
    else this.due.set(wanted, Math.min(this.due.get(wanted) ?? Number.POSITIVE_INFINITY, this.clock.now() + delayMs));
  }
}

describe("WorkQueue, for any commands in any order", () => {
  it("never returns a key twice at once, loses none, and returns none that was not added", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
        const model = new Model();
        for (const step of commands) await model.run(step);
        for (const taken of [...model.working]) model.done(taken);
        await model.advance(60_000);
        for (let taken = await model.take(); taken !== undefined; taken = await model.take()) model.done(taken);
        expect([...model.owed, ...model.due.keys()], "lost keys").toEqual([]);
        expect(model.handouts).toBeLessThanOrEqual(model.adds);
        expect(model.queue.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
