import type { CapacityPoint } from "./comparison.ts";

/** Plots as inline SVG, without scripts, fonts or other resources. */

const WIDTH = 960;
const HEIGHT = 150;
const TOP = 8;
const LEFT = 44;
const BOTTOM = 18;

/** One policy over time: slots, sessions and waiting launches. The title is already escaped HTML. */
export function timelinePlot(title: string, timeline: readonly CapacityPoint[], topSlots: number): string {
  const endS = timeline.at(-1)?.atS ?? 1;
  const x = (atS: number) => round(LEFT + ((WIDTH - LEFT) * atS) / (endS || 1));
  const y = (slots: number) => round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(1, slots / (topSlots || 1))));
  const line = (value: (point: CapacityPoint) => number) =>
    timeline.map((point, index) => `${index === 0 ? "M" : "L"}${x(point.atS)} ${y(value(point))}`).join("");
  const area = (path: string) => `${path}L${x(endS)} ${y(0)}L${LEFT} ${y(0)}Z`;
  const sessions = line((point) => point.sessions);
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: slots, sessions and waiting launches over time">`,
    ...ticks(topSlots).map((slots) => gridLine(y(slots), slots)),
    `<path class="slots" d="${line((point) => point.slots)}"/>`,
    `<path class="sessions" d="${area(sessions)}"/>`,
    `<path class="queued" d="${line((point) => point.queued)}"/>`,
    ...hourTicks(endS).map(({ atS, label }) => `<text class="time" x="${x(atS)}" y="${HEIGHT - 4}">${label}</text>`),
    "</svg>",
  ].join("\n");
}

function gridLine(y: number, slots: number): string {
  return `<line x1="${LEFT}" x2="${WIDTH}" y1="${y}" y2="${y}"/><text class="size" x="${LEFT - 6}" y="${y + 4}">${slots}</text>`;
}

/** A few round numbers up to `top`. */
function ticks(top: number): readonly number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000].find((size) => top / size <= 4) ?? 20_000;
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, index) => index * step);
}

function hourTicks(endS: number): readonly { readonly atS: number; readonly label: string }[] {
  const hours = endS / 3_600;
  const stepH = [1, 2, 4, 6, 12, 24, 48, 168, 336, 720].find((size) => hours / size <= 12) ?? 1_440;
  return Array.from({ length: Math.floor(hours / stepH) + 1 }, (_, index) => ({
    atS: index * stepH * 3_600,
    label: stepH >= 24 ? `day ${(index * stepH) / 24}` : `${index * stepH} h`,
    // A label at the right edge would be cut off.
  })).filter(({ atS }) => atS < 0.96 * endS);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
