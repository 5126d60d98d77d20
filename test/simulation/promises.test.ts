import { describe, expect, it } from "vitest";
import { seededRandom } from "../support/fleet/random.ts";
import { World } from "./world.ts";

/** `SEED=n` replays one world, `SEED=n WORLDS=m` runs m from there on. */
const FIRST = Number(process.env.SEED ?? 1_000);
const WORLDS = Number(process.env.WORLDS ?? (process.env.SEED === undefined ? 150 : 1));

/** A world with everything about it drawn from the seed. */
function drawnWorld(seed: number) {
  const random = seededRandom(seed, "world");
  const int = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const min = int(0, 2);
  const max = min + int(1, 8);
  const gateways = int(1, 3);
  const capacity = random() < 0.7 ? 100 : int(1, max);
  const world = new World({
    seed,
    gateways,
    capacity,
    coldStartMs: int(3, 45) * 1_000,
    sessionMs: int(5, 120) * 1_000,
    spec: {
      apiSecretRef: { name: "bithuman" },
      presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
      workers: [{ name: "gpu", engine: "expression", min, max, sessionsPerWorker: int(1, 4) }],
      warm: { slots: int(0, 4) },
      scaling: { scaleDownAfter: `${int(0, 60)}s` },
      launch: { queue: { length: int(0, 50), deadline: `${int(5, 120)}s` } },
    },
  });
  return { world, random, int, capacity };
}

/** Ten busy minutes: bursts, lulls, operators that die, workers that crash. Then quiet. */
async function live(seed: number): Promise<{ readonly world: World; readonly capacity: number }> {
  const { world, random, int, capacity } = drawnWorld(seed);
  await world.run(int(1, 60) * 1_000);
  const troubled = random() < 0.5;
  for (let minute = 0; minute < 10; minute++) {
    const burst = random() < 0.3 ? int(5, 30) : int(0, 6);
    for (let launch = 0; launch < burst; launch++) {
      world.launch("maya");
      if (random() < 0.5) await world.run(int(0, 4) * 1_000);
    }
    if (troubled && random() < 0.3) {
      await world.killOperator();
      await world.run(int(0, 20) * 1_000);
      world.startOperator();
    }
    if (troubled && random() < 0.2) {
      const pods = world.cluster.pods();
      const victim = pods[int(0, pods.length - 1)];
      if (victim !== undefined) world.cluster.crash(victim);
    }
    await world.run(int(5, 60) * 1_000);
  }
  await world.run(500_000);
  return { world, capacity };
}

describe("any world, with everything in it going wrong", () => {
  const seeds = Array.from({ length: WORLDS }, (_, index) => FIRST + index);
  it.each(seeds)("keeps the promises (SEED=%i)", async (seed) => {
    const { world, capacity } = await live(seed);
    expect(world.violations).toEqual([]);

    // Promise 2: every launch was answered, once.
    expect(world.launches.filter(({ outcome }) => outcome === "waiting")).toEqual([]);
    expect(world.launches.filter(({ outcome }) => outcome === "failed")).toEqual([]);

    // No GPU idles without a reason: after the quiet, only the warm buffer is left, and where nodes are short one worker that
    // waits for a node.
    const [group] = world.pool.groups;
    const { slots } = world.pool.warm;
    const buffer = Math.ceil((slots.kind === "count" ? slots.slots : 1) / group!.slotsPerWorker);
    expect(world.replicas("gpu")).toBe(Math.min(group!.max, Math.max(group!.min, Math.min(buffer, capacity + 1))));

    // Promise 4: an unchanged world costs no write.
    const before = world.writes;
    await world.run(30_000);
    expect(world.writes - before).toBe(0);
    await world.stop();
  });
});
