import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SlotReservation, SlotReservations } from "./slot-reservations.ts";

const twoSlots = () => new SlotReservations(() => 2);

describe("SlotReservations", () => {
  it("grants a slot once, and again after its release", () => {
    const reservations = twoSlots();
    const first = reservations.reserve();
    reservations.reserve();
    expect(reservations.reserve()).toBeUndefined();
    first?.release();
    first?.release();
    expect(reservations.free).toBe(1);
  });

  it("keeps a confirmed slot reserved until a later probe counts the session", () => {
    const reservations = twoSlots();
    const early = reservations.probeStarts();
    reservations.reserve()?.confirm();
    reservations.count(early, { sessions: 0, slots: 2 });
    expect(reservations.free).toBe(1);
    reservations.count(reservations.probeStarts(), { sessions: 1, slots: 2 });
    expect({ free: reservations.free, reserved: reservations.reserved, sessions: reservations.sessions }).toEqual({
      free: 1,
      reserved: 0,
      sessions: 1,
    });
  });

  it("counts a launch once if the worker counts it before its response arrives", () => {
    const reservations = new SlotReservations(() => 4);
    const early = reservations.probeStarts();
    const [first, second] = [reservations.reserve(), reservations.reserve()];
    first?.confirm();
    reservations.count(early, { sessions: 1, slots: 4 });
    expect(reservations).toMatchObject({ sessions: 1, reserved: 1, free: 2 });
    reservations.count(reservations.probeStarts(), { sessions: 2, slots: 4 });
    expect(reservations).toMatchObject({ sessions: 2, reserved: 0, free: 2 });
    reservations.count(reservations.probeStarts(), { sessions: 1, slots: 4 });
    expect(reservations).toMatchObject({ sessions: 1, reserved: 1, free: 2 });
    second?.release();
    expect(reservations).toMatchObject({ sessions: 1, reserved: 0, free: 3 });
  });

  it("has no free slot after a 503 until a later probe reports one", () => {
    const reservations = twoSlots();
    const early = reservations.probeStarts();
    reservations.markFull();
    reservations.count(early, { sessions: 0, slots: 2 });
    expect(reservations.free).toBe(0);
    reservations.count(reservations.probeStarts(), { sessions: 1, slots: 2 });
    expect(reservations.free).toBe(1);
  });

  it("ignores the result of an older probe", () => {
    const reservations = twoSlots();
    const slow = reservations.probeStarts();
    reservations.count(reservations.probeStarts(), { sessions: 2, slots: 2 });
    reservations.count(slow, { sessions: 0, slots: 2 });
    expect(reservations.sessions).toBe(2);
  });

  it("prefers the worker's number of slots to the group's", () => {
    const reservations = twoSlots();
    reservations.count(reservations.probeStarts(), { sessions: 0, slots: 4 });
    expect(reservations.free).toBe(4);
  });

  type Step =
    | { readonly kind: "reserve" | "ask" | "end" }
    | { readonly kind: "arrive" | "answer-to-launch"; readonly at: number }
    /** `late`: the worker counted at its response, not at the request. */
    | { readonly kind: "answer-to-probe"; readonly late: boolean };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constantFrom("reserve", "ask", "end") }),
    fc.record({ kind: fc.constantFrom("arrive", "answer-to-launch"), at: fc.nat(20) }),
    fc.record({ kind: fc.constant("answer-to-probe"), late: fc.boolean() }),
  );

  it("never overbooks a worker or leaks a slot, in any order of launches, responses and probes", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: "max" }), fc.integer({ min: 1, max: 5 }), (steps, slots) => {
        const reservations = new SlotReservations(() => slots);
        const open: { readonly reservation: SlotReservation; arrived: boolean }[] = [];
        let probe: { readonly askedAt: number; readonly sessions: number } | undefined;
        let sessions = 0;
        for (const step of steps) {
          switch (step.kind) {
            case "reserve": {
              const reservation = reservations.reserve();
              if (reservation !== undefined) open.push({ reservation, arrived: false });
              break;
            }
            case "arrive": {
              const launch = open[step.at % Math.max(1, open.length)];
              if (launch !== undefined && !launch.arrived) {
                launch.arrived = true;
                sessions += 1;
              }
              break;
            }
            case "answer-to-launch": {
              const [launch] = open.splice(step.at % Math.max(1, open.length), 1);
              if (launch?.arrived === true) launch.reservation.confirm();
              else launch?.reservation.release();
              break;
            }
            case "end":
              sessions = Math.max(0, sessions - 1);
              break;
            case "ask":
              probe ??= { askedAt: reservations.probeStarts(), sessions };
              break;
            case "answer-to-probe":
              if (probe !== undefined)
                reservations.count(probe.askedAt, { sessions: step.late ? sessions : probe.sessions, slots });
              probe = undefined;
              break;
          }
          expect(sessions).toBeLessThanOrEqual(slots);
          expect(reservations.free).toBeGreaterThanOrEqual(0);
          expect(sessions).toBeLessThanOrEqual(reservations.sessions + reservations.reserved);
        }
        for (const launch of open) launch.reservation.release();
        reservations.count(reservations.probeStarts(), { sessions, slots });
        expect(reservations).toMatchObject({ reserved: 0, sessions, free: slots - sessions });
      }),
      { numRuns: 500 },
    );
  });
});
