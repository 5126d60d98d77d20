import type { Random } from "../../operator/runtime/clock.ts";

export type Phase = "first" | "steady" | "burst" | "quiet";
/** A preset, or a face image of the caller's own, which has to be encoded where it was not seen before. */
export type AvatarKind = "maya" | "leo" | "own image";

export interface PlannedLaunch {
  /** From the beginning of the load. */
  readonly atMs: number;
  readonly phase: Phase;
  readonly avatar: AvatarKind;
  readonly sessionSeconds: number;
}

export interface Schedule {
  /** In the order of time. */
  readonly launches: readonly PlannedLaunch[];
  readonly burstAtMs: number;
  readonly quietAtMs: number;
  readonly endMs: number;
}

/** What follows the burst does not shrink: a cold start of 33 s, the sessions that waited for it, the way back down. */
const AFTER_BURST_MS = 72_000;
const LEAST_STEADY_MS = 8_000;
export const SHORTEST_LOAD_SECONDS = (AFTER_BURST_MS + LEAST_STEADY_MS) / 1_000;

const STEADY_INTERVAL_MS = 1_500;
const BURST_INTERVAL_MS = 100;
const BURST = { gpu: 12, cpu: 8 };
const SESSION_SECONDS = { shortest: 12, longest: 18 };

/** Steady load that the warm slots carry; then, within 2 s, more than all slots together but less than the pool's maximum; then nothing. */
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

/** Of five callers three want the preset on the GPU, or bring an image; two the model on the CPU. */
function steadyAvatar(n: number): AvatarKind {
  const avatars: readonly AvatarKind[] = ["maya", "leo", "maya", "leo", "own image"];
  return avatars[n % avatars.length] ?? "maya";
}

export function phaseAt({ burstAtMs, quietAtMs }: Schedule, atMs: number): Phase {
  if (atMs < 0) return "first";
  if (atMs < burstAtMs) return "steady";
  return atMs < quietAtMs ? "burst" : "quiet";
}
