import type { CellResult } from "./cell.ts";
import { cheapestAt, type Point } from "./frontier.ts";

/** The frontier of one trace on one shape of fleet, as a self-contained SVG. */

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 56;
const RIGHT = 12;
const TOP = 28;
const BOTTOM = 40;
/** Ticks of the x axis: share of launches that found no warm slot. */
const MISSED = [0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005] as const;
const COLOURS = { HPA: "#c2410c", KEDA: "#7c3aed", Agones: "#0369a1", Knative: "#15803d" } as const;
const AVATARPOOL = "#111827";

/** Worker-hours over the packing bound, against the share of missed launches. Lower and further right is better. */
export function frontierPlot({ trace, slots, timeToWarmS, baselines, own99, own999, packingBoundHours }: CellResult): string {
  const own = [own99.own, own999.own];
  const lines = Object.entries(COLOURS).flatMap(([family, colour]) => {
    const points = frontierOf(baselines.families[family] ?? []);
    return points.length === 0 ? [] : [{ family, colour, points }];
  });
  const height = (point: Point) => point.workerHours / packingBoundHours;
  const highest = Math.max(...[...lines.flatMap(({ points }) => points), ...own].map(height));
  const lowest = Math.min(...[...lines.flatMap(({ points }) => points), ...own].map(height));
  const [from, to] = [Math.log(MISSED[0]), Math.log(MISSED.at(-1) ?? MISSED[0])];
  const xOf = (missed: number) =>
    LEFT + ((WIDTH - LEFT - RIGHT) * (Math.log(Math.max(missed, MISSED.at(-1) ?? 0)) - from)) / (to - from);
  const yOf = (over: number) => TOP + ((HEIGHT - TOP - BOTTOM) * (highest - over)) / (highest - lowest || 1);
  const at = (point: Point) => `${xOf(1 - point.warmShare).toFixed(1)} ${yOf(height(point)).toFixed(1)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${trace}: worker-hours over the packing bound, against launches that found no warm slot</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="18">${trace}, ${slots} slots a worker, ${timeToWarmS} s to warm: worker-hours over the packing bound</text>`,
    ...MISSED.map((missed) => tick(xOf(missed), `${+(100 * missed).toPrecision(2)}%`)),
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">launches that found no warm slot</text>`,
    ...[lowest, (lowest + highest) / 2, highest].map((over) => mark(yOf(over), over.toFixed(2))),
    ...lines.map(
      ({ colour, points }) => `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points.map(at).join(" ")}"/>`,
    ),
    ...lines.map(({ family, colour }, index) => legend(index, family, colour)),
    `<polyline fill="none" stroke="${AVATARPOOL}" stroke-width="2.5" points="${own.map(at).join(" ")}"/>`,
    ...own.map((point) => `<circle cx="${at(point).split(" ")[0]}" cy="${at(point).split(" ")[1]}" r="4.5" fill="${AVATARPOOL}"/>`),
    legend(lines.length, "AvatarPool, objectives 99% and 99.9%", AVATARPOOL),
    "</svg>",
    "",
  ].join("\n");
}

/** The cheapest setting for each tick, without repetitions. */
function frontierOf(points: readonly Point[]): readonly Point[] {
  const found: Point[] = [];
  for (const missed of MISSED) {
    const point = cheapestAt(points, 1 - missed);
    if (point !== undefined && point !== found.at(-1)) found.push(point);
  }
  return found;
}

function tick(x: number, label: string): string {
  return `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#e5e7eb"/><text x="${x.toFixed(1)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${label}</text>`;
}

function mark(y: number, label: string): string {
  return `<text x="${LEFT - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end">${label}</text>`;
}

function legend(row: number, label: string, colour: string): string {
  const y = TOP + 16 + row * 16;
  return `<rect x="${LEFT + 10}" y="${y - 9}" width="10" height="10" fill="${colour}"/><text x="${LEFT + 26}" y="${y}">${label}</text>`;
}
