import type { Random } from "../../operator/runtime/clock.ts";

export type Phase = "first" | "steady" | "burst" | "quiet";
/** A preset, or a face image of the caller, which a worker encodes on its first use. */
export type AvatarKind = "maya" | "leo" | "own image";

export interface PlannedLaunch {
  /** From the beginning of the load. */
  readonly atMs: number;
  readonly phase: Phase;
  readonly avatar: AvatarKind;
  readonly sessionSeconds: number;
}

export interface Schedule {
  /** Ascending by time. */
  readonly launches: readonly PlannedLaunch[];
  readonly burstAtMs: number;
  readonly quietAtMs: number;
  readonly endMs: number;
}

/** Fixed time after the burst: a cold start of 33 s, the sessions that waited for it, and the scale-down. */
const AFTER_BURST_MS = 72_000;
const LEAST_STEADY_MS = 8_000;
export const SHORTEST_LOAD_SECONDS = (AFTER_BURST_MS + LEAST_STEADY_MS) / 1_000;

const STEADY_INTERVAL_MS = 1_500;
const BURST_INTERVAL_MS = 100;
const BURST = { gpu: 12, cpu: 8 };
const SESSION_SECONDS = { shortest: 12, longest: 18 };

/** A steady load that fits the warm slots; then, within 2 s, more launches than slots but fewer than the maximum; then none. */
export function schedule(loadSeconds: number, random: Random): Schedule {
  const endMs = loadSeconds * 1_000;
  const burstAtMs = endMs - AFTER_BURST_MS;
  const sessionSeconds = () =>
    Math.round(SESSION_SECONDS.shortest + random() * (SESSION_SECONDS.longest - SESSION_SECONDS.shortest));
  const steady = Array.from({ length: Math.floor(burstAtMs / STEADY_INTERVAL_MS) }, (_, n): PlannedLaunch => {
    return { atMs: n * STEADY_INTERVAL_MS, phase: "steady", avatar: steadyAvatar(n), sessionSeconds: sessionSeconds() };
  });
  const burst = Array.from({ length: BURST.gpu + BURST.cpu }, (_, n): PlannedLaunch => {
    const avatar = n % 5 < 3 ? "maya" : "leo";
    return { atMs: burstAtMs + n * BURST_INTERVAL_MS, phase: "burst", avatar, sessionSeconds: sessionSeconds() };
  });
  return { launches: [...steady, ...burst], burstAtMs, quietAtMs: burstAtMs + burst.length * BURST_INTERVAL_MS, endMs };
}

/** Of five callers, three use the GPU, with the preset or their own image. Two use the model on the CPU. */
function steadyAvatar(n: number): AvatarKind {
  const avatars: readonly AvatarKind[] = ["maya", "leo", "maya", "leo", "own image"];
  return avatars[n % avatars.length] ?? "maya";
}

export function phaseAt({ burstAtMs, quietAtMs }: Schedule, atMs: number): Phase {
  if (atMs < 0) return "first";
  if (atMs < burstAtMs) return "steady";
  return atMs < quietAtMs ? "burst" : "quiet";
}
