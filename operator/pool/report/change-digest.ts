import { cutToBytes, MAX_NOTE_BYTES } from "../../kube/events.ts";
import type { DecisionRecord } from "../planning/decision.ts";

/** The changes of size since somebody was told last, summed up by group: as large as there are groups, however many they are. */
export type ChangeDigest = ReadonlyMap<string, GroupDigest>;

interface GroupDigest {
  readonly from: number;
  readonly to: number;
  readonly changes: number;
  readonly least: number;
  readonly most: number;
  /** Of the last change. */
  readonly reason: string;
}

export const noChanges: ChangeDigest = new Map();

export function addChanges(digest: ChangeDigest, changes: readonly DecisionRecord[]): ChangeDigest {
  const groups = new Map(digest);
  for (const { group, from, to, reason } of changes) {
    const before = groups.get(group) ?? { from, changes: 0, least: from, most: from };
    groups.set(group, {
      from: before.from,
      to,
      changes: before.changes + 1,
      least: Math.min(before.least, from, to),
      most: Math.max(before.most, from, to),
      reason,
    });
  }
  return groups;
}

/** One sentence a group. Where all do not fit an event's note, each group gets the same share of it. */
export function digestNote(digest: ChangeDigest, maxBytes = MAX_NOTE_BYTES): string {
  const sentences = [...digest].map(([group, each]) => `${group} ${sentence(each)}`);
  const whole = sentences.join("; ");
  if (Buffer.byteLength(whole) <= maxBytes) return whole;
  const share = Math.floor(maxBytes / sentences.length) - "; ".length;
  return sentences.map((each) => cutToBytes(each, share)).join("; ");
}

function sentence({ from, to, changes, least, most, reason }: GroupDigest): string {
  if (changes === 1) return `${from} -> ${to}: ${reason}`;
  return `${from} -> ${to} in ${changes} changes between ${least} and ${most}, latest: ${reason}`;
}
