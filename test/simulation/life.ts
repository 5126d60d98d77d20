import { poolKey } from "../../operator/api/pool-config.ts";
import { seededRandom } from "../support/fleet/random.ts";
import { wrongAtRest } from "./at-rest.ts";
import { type DrawnWorld, drawWorld } from "./draw.ts";
import { Draw } from "./draw-group.ts";
import { strike } from "./faults.ts";
import { World } from "./world.ts";

/** The result of a world. */
export interface Life {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly launches: number;
  readonly sessions: number;
  readonly decisions: number;
  readonly writes: number;
  readonly faults: readonly string[];
  readonly endedByUs: number;
  readonly endedByDrainTimeout: number;
  readonly endedByTrouble: number;
  readonly drained: number;
  /** Sessions that began without an operator or an API server. */
  readonly servedAlone: number;
  /** Seconds of simulated time. */
  readonly lastedS: number;
  readonly timeline: readonly string[];
}

/** A world without a write and a session for this time is at rest: the deficit is a minute old at most. */
const REST_MS = 75_000;
/** The deficit halves every minute: after a burst of 60 launches, its last slot expires after seven minutes. */
const LONGEST_REST_MS = 420_000;
/** By then, all deficits, sessions, windows and stale views have ended. */
const LONGEST_SETTLING_MS = 1_200_000;

/** Runs one world: busy minutes with faults, then quiet, then in some worlds the deletion of the pool. */
export async function live(seed: number): Promise<Life> {
  const drawn = drawWorld(seed);
  const draw = new Draw(seededRandom(seed, "life"));
  const world = new World(drawn);
  const startMs = world.clock.now();
  await world.run(draw.int(1, 60) * 1_000);
  const again = new Draw(seededRandom(seed, "dispatched again"));
  for (let minute = 0; minute < drawn.busyMinutes; minute++) await busyMinute(world, drawn, draw, again);
  while (world.isTroubled) await world.run(1_000);
  if (drawn.deleted) await untilGone(world);
  else await untilAtRest(world);
  for (const { room, outcome } of world.clients.launches)
    if (outcome === "waiting") world.witness.broken(2, `${room} has no response`);
  world.witness.finish(!world.untroubled);
  await world.stop();
  const { decisions, writes, endedByUs, endedByDrainTimeout, endedByTrouble, drained } = world.witness.counts;
  return {
    seed,
    violations: world.witness.violations,
    launches: world.clients.launches.length,
    sessions: [...world.started.values()].reduce((total, count) => total + count, 0),
    decisions,
    writes,
    endedByUs,
    endedByDrainTimeout,
    endedByTrouble,
    drained,
    servedAlone: world.clients.servedAlone,
    faults: world.timeline.of("fault"),
    lastedS: (world.clock.now() - startMs) / 1_000,
    timeline: world.timeline.lines(),
  };
}

async function busyMinute(world: World, drawn: DrawnWorld, draw: Draw, again: Draw): Promise<void> {
  const burst = draw.chance(0.3) ? draw.int(5, 30) : draw.int(0, 6);
  for (let launch = 0; launch < burst; launch++) {
    const custom = draw.chance(0.1) && world.pool.groups.some(({ engine }) => engine.customAvatars);
    world.clients.launch(
      custom ? undefined : draw.one(world.pool.presets)?.name,
      draw.chance(0.05) ? draw.int(0, 20_000) : undefined,
    );
    if (again.chance(0.15)) world.clients.dispatchAgain(again);
    if (again.chance(0.05)) void world.clients.endAndRepeat(again);
    if (draw.chance(0.5)) await world.run(draw.int(0, 4) * 1_000);
    if (draw.chance(0.05)) await strikeOne(world, drawn, draw);
  }
  if (draw.chance(0.7)) await strikeOne(world, drawn, draw);
  await world.run(draw.int(5, 60) * 1_000);
}

async function strikeOne(world: World, { faults }: DrawnWorld, draw: Draw): Promise<void> {
  const name = draw.one(faults);
  if (name !== undefined) await strike(world, name, draw);
}

/** Without input, every world becomes quiet: no session, no write, and no superfluous worker. */
async function untilAtRest(world: World): Promise<void> {
  const endMs = world.clock.now() + LONGEST_SETTLING_MS;
  let busyMs = world.clock.now();
  for (;;) {
    // A forecast and its description change with time alone.
    const { lastChangeMs, lastWriteMs } = world.witness;
    const restMs = world.clock.now() - Math.max(busyMs, world.pool.warm.slots.kind === "auto" ? lastChangeMs : lastWriteMs);
    const wrong = wrongAtRest(world);
    if (restMs > REST_MS && (wrong.length === 0 || restMs > LONGEST_REST_MS + holdMs(world))) {
      for (const what of wrong) world.witness.broken(4, `at rest, ${what}`);
      return;
    }
    if (world.clock.now() > endMs + 2 * holdMs(world)) {
      world.witness.broken(4, "the world does not become quiet: there are still writes or sessions");
      return;
    }
    await world.run(5_000);
    if (world.sessions() > 0 || world.clients.waiting > 0) busyMs = world.clock.now();
  }
}

/** Longest time for which superfluous workers may be kept. */
function holdMs({ pool, operator }: World): number {
  const forecasts = [...(operator?.forecast(poolKey(pool))?.values() ?? [])];
  return pool.scaling.scaleDownAfterMs ?? Math.max(LONGEST_REST_MS, ...forecasts.map(({ holdMs: each }) => each));
}

/** A deleted pool disappears with all its objects once its sessions have ended. */
async function untilGone(world: World): Promise<void> {
  world.deletePool();
  const endMs = world.clock.now() + LONGEST_SETTLING_MS;
  while (world.poolObject !== undefined || world.deployments().length > 0 || world.cluster.pods().length > 0) {
    if (world.clock.now() > endMs) {
      const left = [...world.deployments(), ...world.cluster.pods()].map(({ metadata }) => metadata.name).join(", ");
      return world.witness.broken(6, `the deleted pool is not removed; remaining: ${left || "finalizers"}`);
    }
    await world.run(1_000);
  }
}
