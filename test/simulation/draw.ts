import { seededRandom } from "../support/fleet/random.ts";
import { Draw, drawGroups } from "./draw-group.ts";
import { type FaultName, faultNames } from "./faults.ts";
import { drawPolicy } from "./policy.ts";
import type { WorldOptions } from "./world.ts";

/** The setup of a world and its faults, drawn from the seed. */
export interface DrawnWorld extends WorldOptions {
  readonly busyMinutes: number;
  /** The faults that may occur in it. */
  readonly faults: readonly FaultName[];
  /** Whether its end is the pool's deletion. */
  readonly deleted: boolean;
}

const images = ["maya", "leo", "ada"] as const;

/** Drawn from a separate stream, so that worlds without them do not change. */
const lateFaults: readonly FaultName[] = [
  "operator-frozen",
  "write-refused",
  "pod-failed",
  "pods-not-admitted",
  "pod-copied",
  "node-silent",
  "rollout-restarted",
  "operator-upgraded",
  "worker-drained",
];

function drawFaults(draw: Draw, late: Draw): readonly FaultName[] {
  const first = faultNames.filter((name) => !lateFaults.includes(name) && draw.chance(0.25));
  return [...first, ...lateFaults.filter(() => late.chance(0.25))];
}

export function drawWorld(seed: number): DrawnWorld {
  const draw = new Draw(seededRandom(seed, "world"));
  const groups = drawGroups(draw);
  const most = groups.reduce((total, { max }) => total + max, 0);
  const room = draw.int(1, 4);
  const workers = draw.chance(0.7) ? 2 * most + 4 : draw.int(1, most);
  const cpu = groups.some(({ engine }) => engine === "essence");
  return {
    seed,
    gateways: draw.int(1, 3),
    nodes: { count: Math.ceil(workers / room), room },
    coldStartMs: draw.int(3, 45) * 1_000,
    sessionMs: draw.int(5, 120) * 1_000,
    busyMinutes: draw.int(2, 8),
    faults: draw.chance(0.25) ? [] : drawFaults(draw, new Draw(seededRandom(seed, "late faults"))),
    deleted: draw.chance(0.15),
    spec: {
      apiSecretRef: { name: "bithuman" },
      ...drawPolicy(
        new Draw(seededRandom(seed, "policy")),
        [
          ...images.slice(0, draw.int(1, 3)).map((name) => ({ name, image: { url: `https://example.com/${name}.jpg` } })),
          ...(cpu ? [{ name: "vito", model: { url: "https://example.com/vito.imx" } }] : []),
        ],
        groups,
        { warmSlots: draw.int(0, 4), scaleDownAfterS: draw.int(0, 60) },
      ),
      launch: { queue: { length: draw.int(0, 50), deadline: `${draw.int(5, 120)}s` } },
    },
  };
}
