import type { AvatarPoolStatus, GroupStatus } from "../../api/v1alpha1/index.ts";
import { type Paint, plain } from "../paint.ts";

/** Rows of the live view, which `status` and the demo share. Pure: the same status gives the same text. */

const NAME_WIDTH = 13;
/** Longest bar: workers and slots beyond this are only counted. */
const MAX_MARKS = 24;

export function row(name: string, text: string): string {
  return `${name.padEnd(NAME_WIDTH)} ${text}`;
}

/** The workers of a group by state, and its slots. */
export function groupRows(group: GroupStatus, paint: Paint = plain): readonly string[] {
  const { name, sessions, slots } = group;
  const { warm, starting, draining, "without a node": unschedulable } = workersByState(group);
  const workers = bar([
    ["●", warm, (text) => paint("green", text)],
    ["◐", starting, (text) => paint("yellow", text)],
    ["○", draining, (text) => paint("dim", text)],
    ["·", unschedulable, (text) => paint("red", text)],
  ]);
  const used = bar([
    ["█", Math.min(sessions, slots)],
    ["░", Math.max(0, slots - sessions)],
  ]);
  return [
    row(`${name} workers`, `${workers} ${stateCounts(group)}`),
    row(`${name} slots`, `${used} ${sessions} sessions, ${slots} slots`),
  ];
}

/** The workers of a group by state as a phrase, such as `3 warm, 1 starting`. */
export function stateCounts(group: GroupStatus): string {
  const some = Object.entries(workersByState(group)).filter(([, count]) => count > 0);
  return some.length === 0 ? "none" : some.map(([state, count]) => `${count} ${state}`).join(", ");
}

function workersByState({ desired, ready, warm, draining, unschedulable }: GroupStatus) {
  // Wanted workers that are not warm yet.
  const starting = Math.max(0, desired - ready - unschedulable);
  return { warm, starting, draining, "without a node": unschedulable };
}

export function warmRow({ presets = [] }: AvatarPoolStatus, paint: Paint = plain): string {
  const each = presets.map(({ name, warmSlots }) => (warmSlots === 0 ? paint("yellow", `${name} 0`) : `${name} ${warmSlots}`));
  return row("warm slots", each.join("   "));
}

type Mark = readonly [mark: string, count: number, paint?: (text: string) => string];

function bar(marks: readonly Mark[]): string {
  let left = MAX_MARKS;
  const painted = marks.map(([mark, count, paint = (text) => text]) => {
    const here = Math.min(left, count);
    left -= here;
    return here === 0 ? "" : paint(mark.repeat(here));
  });
  return painted.join("") + " ".repeat(left);
}
