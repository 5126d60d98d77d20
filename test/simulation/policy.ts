import type { Draw } from "./draw-group.ts";

/**
 * The inputs of a pool's size: the warm buffer, its floors and windows, the order of the groups, steps and limits.
 * Drawn from a separate stream, so that new draws do not change the rest of a world.
 */
export function drawPolicy(
  draw: Draw,
  presets: readonly object[],
  groups: readonly object[],
  { warmSlots, scaleDownAfterS }: { readonly warmSlots: number; readonly scaleDownAfterS: number },
) {
  const priced = draw.chance(0.3);
  return {
    presets: presets.map((preset) => ({ ...preset, ...(draw.chance(0.15) ? { warmSlots: draw.int(1, 6) } : {}) })),
    workers: groups.map((group) => ({
      ...group,
      ...(draw.chance(0.3) ? { priority: draw.int(0, 3) } : {}),
      ...(priced ? { costPerHour: draw.int(1, 40) / 10 } : {}),
    })),
    warm: drawWarm(draw, warmSlots),
    scaling: {
      scaleDownAfter: draw.chance(0.15) ? "auto" : `${scaleDownAfterS}s`,
      ...(draw.chance(0.2) ? { maxStep: draw.int(1, 4) } : {}),
    },
    ...(draw.chance(0.3) ? { objective: { launchSuccess: draw.one([80, 99, 99.9]) } } : {}),
    ...(draw.chance(0.15) ? { limits: { maxSessions: draw.int(1, 12) } } : {}),
  };
}

export function drawWarm(draw: Draw, slots: number) {
  const kind = draw.random();
  return {
    slots: kind < 0.5 ? slots : kind < 0.8 ? "auto" : `${draw.int(1, 60)}%`,
    ...(draw.chance(0.25) ? { schedule: Array.from({ length: draw.int(1, 2) }, () => drawWindow(draw)) } : {}),
  };
}

/** Hourly windows in two time zones. Within the hour, the zones differ by half an hour. */
function drawWindow(draw: Draw) {
  return {
    cron: `${draw.int(0, 59)} * * * *`,
    timeZone: draw.one(["UTC", "Asia/Kolkata"]),
    duration: `${draw.int(2, 20)}m`,
    slots: draw.int(1, 8),
  };
}
