import { describe, expect, it } from "vitest";
import type { AvatarPoolStatus } from "../../operator/api/v1alpha1/index.ts";
import { startedMinutes } from "../../operator/gateway/sessions/session-usage.ts";
import { Shares } from "../../operator/gateway/workers/shares.ts";
import { seededRandom } from "../support/fleet/random.ts";
import { Draw } from "./draw-group.ts";
import { World } from "./world.ts";

/** Credits in worlds in which operators fail, and in worlds in which gateways fail. `SEED=n` replays one world. */
const FIRST = Number(process.env.SEED ?? 1);
const WORLDS = process.env.SEED === undefined ? 8 : 1;
/** Credits per minute: two decimals, which a sum of fractions would not keep. */
const RATE = 0.07;

/** Updates the shares of the gateways, as they do within seconds of a change. */
function share({ gateways }: World): void {
  const names = gateways.map(({ name }) => name);
  for (const { name, core } of gateways) core.share(new Shares(name, names));
}

type Fault = (world: World, draw: Draw) => Promise<void>;

const operatorFails: Fault = async (world, draw) => {
  await world.killOperator();
  world.undoAfter(draw.int(1, 90) * 1_000, () => world.operator ?? world.startOperator(), "control-plane");
};

const gatewayFails: Fault = async (world, draw) => {
  const gateway = draw.one(world.gateways);
  if (gateway === undefined) return;
  await world.killGateway(gateway);
  world.clock.schedule(draw.int(0, 10_000), () => share(world));
  world.undoAfter(draw.int(1, 20) * 1_000, () => {
    world.addGateway();
    world.clock.schedule(draw.int(0, 10_000), () => share(world));
  });
};

/** Runs a world with random launches and faults until all sessions have ended and are counted. */
async function live(seed: number, faults: readonly Fault[]) {
  const draw = new Draw(seededRandom(seed, "credits"));
  const world = new World({
    seed,
    gateways: draw.int(1, 3),
    nodes: { count: 10, room: 4 },
    coldStartMs: 3_000,
    sessionMs: draw.int(5, 150) * 1_000,
    spec: {
      apiSecretRef: { name: "bithuman" },
      presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
      workers: [{ name: "gpu", engine: "expression", sessionsPerWorker: 2, min: 2, max: 10, drain: { timeout: "1h" } }],
      credits: { selfHosted: { expression: RATE }, budget: { credits: 1_000 } },
    },
  });
  share(world);
  await world.run(30_000);
  // Minutes by which the count may differ: one for each session that runs while the set of gateways changes.
  let doubtful = 0;
  for (let round = 0; round < 12; round++) {
    for (let launches = draw.int(0, 4); launches > 0; launches--) {
      world.clients.launch("maya");
      await world.run(draw.int(0, 4_000));
    }
    const fault = draw.chance(0.4) ? draw.one(faults) : undefined;
    if (fault === gatewayFails) doubtful += 3 * (world.sessions() + world.clients.waiting + 1);
    await fault?.(world, draw);
    await world.run(draw.int(1, 30) * 1_000);
  }
  while (world.isTroubled || world.sessions() > 0 || world.clients.waiting > 0) await world.run(5_000);
  await world.run(180_000);
  const minutes = world.begun.reduce((sum, { beganAtMs, endsAtMs }) => sum + startedMinutes(beganAtMs, endsAtMs), 0);
  const { credits } = (world.poolObject as { readonly status?: AvatarPoolStatus }).status ?? {};
  const { violations } = world.witness;
  await world.stop();
  return { violations, sessions: world.begun.length, minutes, doubtful, credits };
}

describe("credits", () => {
  it(`are those of the started minutes of all sessions in ${WORLDS} worlds, exactly, whatever happens to operators`, async () => {
    for (let seed = FIRST; seed < FIRST + WORLDS; seed++) {
      const { violations, sessions, minutes, credits } = await live(seed, [operatorFails]);
      const exact = (Math.round(RATE * 1_000) * minutes) / 1_000;
      expect({ seed, violations, sessions, credits: credits?.selfHosted, budgetUsed: credits?.budgetUsed }).toEqual({
        seed,
        violations: [],
        sessions,
        credits: exact,
        budgetUsed: exact,
      });
      expect(sessions).toBeGreaterThan(0);
    }
  });

  it(`differ by at most a minute per session and change of the gateways in ${WORLDS} worlds`, async () => {
    for (let seed = FIRST; seed < FIRST + WORLDS; seed++) {
      const { violations, minutes, doubtful, credits } = await live(seed, [gatewayFails]);
      expect([seed, violations]).toEqual([seed, []]);
      expect(Math.abs((credits?.selfHosted ?? 0) / RATE - minutes)).toBeLessThanOrEqual(doubtful);
    }
  });
});
