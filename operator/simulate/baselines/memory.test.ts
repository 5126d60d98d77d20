import fc from "fast-check";
import { expect, it } from "vitest";
import type { FleetShape } from "../policy.ts";
import { replay } from "../replay.ts";
import { baselines } from "./index.ts";
import { KNATIVE_DEFAULTS, knative } from "./knative.ts";

const shape: FleetShape = { slotsPerWorker: 2, timeToWarmS: 45, min: 0, max: 100 };

const policies = [
  ...baselines.map((make) => () => make(shape)),
  () => knative({ ...KNATIVE_DEFAULTS, scaleDownDelayS: 300 }, shape),
];

/** Groups of sessions with idle hours between them. */
const crowds = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 4 }),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 1_800 })), { minLength: 1, maxLength: 12 }),
  ),
  { minLength: 1, maxLength: 4 },
);

it.each(policies.map((make) => [make().name, make] as const))(
  "%s gives the same result if it is not called while nothing changes",
  (_, make) => {
    fc.assert(
      fc.property(crowds, (input) => {
        const sessions = input
          .flatMap(([hour, crowd]) => crowd.map(([atS, durationS]) => [3_600 * hour + atS, durationS] as const))
          .sort(([a], [b]) => a - b);
        const trace = {
          name: "crowds",
          arrivalS: Float64Array.from(sessions, ([atS]) => atS),
          durationS: Float64Array.from(sessions, ([, durationS]) => durationS),
        };
        const options = { shape, countFromS: 0, deadlineS: Number.POSITIVE_INFINITY, untilS: 20_000 };
        const asked = replay(trace, make(), options);
        const always = replay(trace, { ...make(), memoryS: Number.POSITIVE_INFINITY }, options);
        expect(asked).toEqual(always);
      }),
    );
  },
);
