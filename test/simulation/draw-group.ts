import type { Random } from "../../operator/runtime/clock.ts";

/** Random draws from one source. */
export class Draw {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  int(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  one<T>(items: readonly T[]): T | undefined {
    return items[this.int(0, items.length - 1)];
  }
}

export function drawGroups(draw: Draw) {
  const names = ["gpu", ...(draw.chance(0.3) ? ["spare"] : []), ...(draw.chance(0.25) ? ["cpu"] : [])];
  return names.map((name) => drawGroup(draw, name));
}

export function drawGroup(draw: Draw, name: string) {
  const min = draw.int(0, 2);
  const cpu = name === "cpu";
  return {
    name,
    engine: cpu ? "essence" : "expression",
    ...(cpu ? { image: "registry.example.com/essence:1" } : {}),
    min,
    max: min + draw.int(1, 8),
    sessionsPerWorker: draw.int(1, 4),
    // Most drains outlast every session.
    ...(draw.chance(0.15) ? { drain: { timeout: `${draw.int(10, 60)}s` } } : {}),
    ...(draw.chance(0.3) ? { rollout: draw.one([{ maxSurge: 0, maxUnavailable: 1 }, { maxSurge: 2 }, { maxSurge: "50%" }]) } : {}),
  };
}
