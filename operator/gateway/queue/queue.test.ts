import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { LaunchQueue } from "./queue.ts";
import type { QueueResult } from "./queued-launch.ts";

/** A queue with a count of free slots for each preset. */
function setup(length = 10) {
  const clock = new FakeClock();
  const queue = new LaunchQueue<string>(clock);
  const free = new Map<string, number>();
  let order = 0;
  const ended: { readonly id: number; readonly kind: QueueResult<string>["kind"] }[] = [];
  const enter = (
    want: string,
    options: { readonly order?: number; readonly forMs?: number; readonly client?: string; readonly again?: boolean } = {},
  ) => {
    const gone = new AbortController();
    order += 1;
    const id = options.order ?? order;
    const take = () => {
      const left = free.get(want) ?? 0;
      if (left === 0) return undefined;
      free.set(want, left - 1);
      return want;
    };
    const deadlineMs = clock.now() + (options.forMs ?? 1_000);
    const { client = "", again = false } = options;
    const waited = queue.wait({ order: id, client, want, deadlineMs, again, take }, { length, signal: gone.signal });
    void waited.then(({ kind }) => ended.push({ id, kind }));
    return { waited, leave: () => gone.abort() };
  };
  const offer = (want: string, count = 1) => {
    free.set(want, (free.get(want) ?? 0) + count);
    queue.wake();
  };
  return { clock, queue, enter, offer, ended, free };
}

describe("LaunchQueue", () => {
  it("serves the first launch first, and one for each slot", async () => {
    const { enter, offer, ended, clock } = setup();
    enter("maya");
    enter("maya");
    offer("maya");
    await clock.advance(0);
    expect(ended).toEqual([{ id: 1, kind: "granted" }]);
  });

  it("serves a later launch if the slot cannot serve the earlier one", async () => {
    const { enter, offer, ended, clock } = setup();
    enter("maya");
    enter("leo");
    offer("leo");
    await clock.advance(0);
    expect(ended).toEqual([{ id: 2, kind: "granted" }]);
  });

  describe("an exit", () => {
    const wait = ({ queue, clock }: ReturnType<typeof setup>, take: () => string | undefined, slot: () => string | undefined) =>
      queue.wait(
        {
          ...{ order: 1, client: "", want: "maya", deadlineMs: clock.now() + 10_000, again: false, take: slot },
          exit: { fromMs: clock.now() + 2_000, everyMs: 1_000, take },
        },
        { length: 1, signal: new AbortController().signal },
      );

    it("is checked from its start time at its interval until the launch leaves", async () => {
      const world = setup();
      const checksMs: number[] = [];
      const startMs = world.clock.now();
      const waited = wait(
        world,
        () => {
          checksMs.push(world.clock.now() - startMs);
          return checksMs.length === 3 ? "cloud" : undefined;
        },
        () => undefined,
      );
      await world.clock.advance(20_000);
      expect(await waited).toEqual({ kind: "left", exit: "cloud" });
      expect(checksMs).toEqual([2_000, 3_000, 4_000]);
      expect(world.queue.length).toBe(0);
    });

    it("is not checked after a slot is granted", async () => {
      const world = setup();
      let free: string | undefined;
      let checks = 0;
      const waited = wait(
        world,
        () => {
          checks += 1;
          return "cloud";
        },
        () => free,
      );
      free = "slot";
      world.queue.wake();
      await world.clock.advance(20_000);
      expect(await waited).toEqual({ kind: "granted", slot: "slot" });
      expect(checks).toBe(0);
    });
  });

  it("returns a launch to its old place", async () => {
    const { enter, offer, ended, clock } = setup();
    enter("maya", { order: 7 });
    enter("maya", { order: 3 });
    offer("maya");
    await clock.advance(0);
    expect(ended).toEqual([{ id: 3, kind: "granted" }]);
  });

  it("serves clients in turn, for any number of waiting launches", async () => {
    const { enter, offer, ended, clock } = setup();
    for (let launches = 0; launches < 4; launches += 1) enter("maya", { client: "noisy" });
    enter("maya", { client: "b" });
    enter("maya", { client: "b" });
    enter("maya", { client: "c" });
    offer("maya", 7);
    await clock.advance(0);
    expect(ended.map(({ id }) => id)).toEqual([1, 5, 7, 2, 6, 3, 4]);
  });

  it("grants no extra turns to a client that leaves and returns", async () => {
    const { enter, offer, ended, clock } = setup();
    for (let launches = 0; launches < 3; launches += 1) enter("maya", { client: "waits" });
    const order: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      enter("maya", { client: "comes-back" });
      offer("maya", 2);
      await clock.advance(0);
      order.push(...ended.splice(0).map(({ id }) => id));
    }
    expect(order).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it("repeats the turn of a launch that got no session, before other clients", async () => {
    const { enter, offer, ended, clock } = setup();
    enter("maya", { client: "a", order: 1 });
    enter("maya", { client: "b", order: 2 });
    offer("maya");
    await clock.advance(0);
    enter("maya", { client: "a", order: 1, again: true });
    offer("maya", 2);
    await clock.advance(0);
    expect(ended.map(({ id }) => id)).toEqual([1, 1, 2]);
  });

  it("displaces the newest launch of the client with the most launches if it is full", async () => {
    const { enter, queue } = setup(3);
    enter("maya", { client: "noisy" });
    enter("leo", { client: "noisy" });
    const newest = enter("maya", { client: "noisy" });
    enter("maya", { client: "quiet" });
    await expect(newest.waited).resolves.toEqual({ kind: "queue-full" });
    await expect(enter("maya", { client: "noisy" }).waited).resolves.toEqual({ kind: "queue-full" });
    await expect(enter("maya", { client: "quiet" }).waited).resolves.toEqual({ kind: "queue-full" });
    expect(queue.length).toBe(3);
  });

  it("accepts a launch that had a slot at its old place, also if the queue is full", async () => {
    const { enter, offer, queue, ended, clock } = setup(2);
    enter("maya");
    offer("maya");
    await clock.advance(0);
    enter("maya");
    enter("maya");
    enter("maya", { order: 1, again: true });
    await expect(enter("maya").waited).resolves.toEqual({ kind: "queue-full" });
    expect(queue.length).toBe(3);
    offer("maya");
    await clock.advance(0);
    expect(ended.at(-1)).toEqual({ id: 1, kind: "granted" });
  });

  it("does not displace a launch that returned", async () => {
    const { enter, queue } = setup(2);
    const first = enter("maya", { client: "noisy" });
    enter("maya", { client: "noisy", order: 9, again: true });
    enter("maya", { client: "quiet" });
    await expect(first.waited).resolves.toEqual({ kind: "queue-full" });
    await expect(enter("maya", { client: "other" }).waited).resolves.toEqual({ kind: "queue-full" });
    expect(queue.length).toBe(2);
  });

  it("of length 0 accepts no launch, not even one that returns", async () => {
    await expect(setup(0).enter("maya", { again: true }).waited).resolves.toEqual({ kind: "queue-full" });
  });

  it("ends a wait at its deadline, not before", async () => {
    const { enter, ended, clock, queue } = setup();
    enter("maya", { forMs: 500 });
    await clock.advance(499);
    expect(ended).toEqual([]);
    await clock.advance(1);
    expect(ended).toEqual([{ id: 1, kind: "deadline" }]);
    expect(queue.length).toBe(0);
  });

  it("rejects a launch at once if it is full, and frees the place of a client that left", async () => {
    const { enter, queue } = setup(1);
    const first = enter("maya");
    await expect(enter("maya").waited).resolves.toEqual({ kind: "queue-full" });
    first.leave();
    await expect(first.waited).resolves.toEqual({ kind: "cancelled" });
    enter("maya");
    expect(queue.length).toBe(1);
  });

  it("does not spend a slot on a client that left", async () => {
    const { enter, offer, free } = setup();
    enter("maya").leave();
    offer("maya");
    expect(free.get("maya")).toBe(1);
  });

  it("leaves no timer", async () => {
    const { enter, offer, clock } = setup();
    const first = enter("maya");
    enter("maya");
    offer("maya");
    enter("leo").leave();
    await first.waited;
    await clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });

  it("counts waiting launches by preset", () => {
    const { enter, queue } = setup();
    enter("maya");
    enter("leo");
    enter("maya");
    expect(Object.fromEntries(queue.byWant())).toEqual({ maya: 2, leo: 1 });
  });

  it("is fair, bounded and loses no launch, in any order of events", async () => {
    const want = fc.constantFrom("maya", "leo");
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("enter" as const),
        want,
        client: fc.constantFrom("a", "b"),
        forMs: fc.integer({ min: 1, max: 300 }),
      }),
      fc.record({ kind: fc.constant("offer" as const), want, count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant("leave" as const), at: fc.nat(30) }),
      fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 100 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
        const { clock, queue, enter, offer, ended } = setup(5);
        const entries: (ReturnType<typeof enter> & { readonly want: string; readonly client: string })[] = [];
        for (const step of steps) {
          if (step.kind === "enter") entries.push({ ...step, ...enter(step.want, step) });
          else if (step.kind === "offer") offer(step.want, step.count);
          else if (step.kind === "leave") entries[step.at]?.leave();
          else await clock.advance(step.ms);
          expect(queue.length).toBeLessThanOrEqual(5);
          // The gateway wakes the queue before a new launch may take a slot.
          queue.wake();
        }
        await clock.advance(301);
        expect(ended).toHaveLength(entries.length);
        for (const flow of ["maya/a", "maya/b", "leo/a", "leo/b"]) {
          const isOfFlow = (id: number) => `${entries[id - 1]?.want}/${entries[id - 1]?.client}` === flow;
          const served = ended.filter(({ id, kind }) => kind === "granted" && isOfFlow(id)).map(({ id }) => id);
          expect(served).toEqual([...served].sort((a, b) => a - b));
        }
      }),
      { numRuns: 100 },
    );
  });
});
