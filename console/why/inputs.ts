import { formatDuration } from "../../operator/api/duration.ts";
import type { DecisionInputs } from "../../operator/pool/planning/decision.ts";

interface InputWords {
  readonly label: string;
  readonly meaning: string;
}

/** The words for each input of a decision, in the order of the calculation. */
const words: Readonly<Record<keyof DecisionInputs, InputWords>> = {
  sessions: { label: "Sessions", meaning: "Callers' sessions on the workers of the group." },
  queued: { label: "Queued launches", meaning: "Waiting launches that are assigned to the group." },
  buffer: { label: "Free slots required", meaning: "Warm slots to keep free, including the slot deficit." },
  deficit: { label: "Slot deficit", meaning: "Slots that recent launches lacked. It halves every minute." },
  blocked: { label: "Blocked slots", meaning: "Free slots that workers cannot use because of their load." },
  slotsPerWorker: { label: "Slots per worker", meaning: "Sessions that one worker runs at once." },
  min: { label: "Minimum", meaning: "Fewest workers of the group." },
  max: { label: "Maximum", meaning: "Most workers of the group." },
  drained: {
    label: "Drained workers",
    meaning: "Workers that a user drains. They are replaced, and their sessions are not counted.",
  },
  lost: { label: "Lost workers", meaning: "Workers whose node is gone. They are replaced." },
  unschedulable: { label: "Workers without a node", meaning: "Pending workers that the scheduler could not place." },
  nodeAllowance: { label: "Node allowance", meaning: "Workers that may wait for a node at once while nodes are short." },
  terminating: { label: "Terminating workers", meaning: "Workers that are being deleted." },
  unseen: { label: "Requested workers", meaning: "Replicas that have no pod yet." },
  maxStep: { label: "Largest step", meaning: "Workers that one decision may add." },
  holdMs: { label: "Hold time", meaning: "The group shrinks only to the largest size of this time." },
  wantedLately: { label: "Largest recent size", meaning: "The largest computed size within the hold time." },
};

export interface InputRow {
  readonly label: string;
  readonly meaning: string;
  readonly value: string;
  /** Zero had no effect on the result. */
  readonly isZero: boolean;
}

/** The inputs as rows, in the order of the calculation. An input of a newer operator has its name as its label. */
export function inputRows(inputs: Readonly<Record<string, number>>): readonly InputRow[] {
  const known = Object.entries(words).flatMap(([name, { label, meaning }]) => {
    const value = inputs[name];
    return value === undefined ? [] : [{ label, meaning, value: textOf(name, value), isZero: value === 0 }];
  });
  const others = Object.entries(inputs)
    .filter(([name]) => !(name in words))
    .map(([name, value]) => ({ label: name, meaning: "", value: textOf(name, value), isZero: value === 0 }));
  return [...known, ...others];
}

function textOf(name: string, value: number): string {
  return name.endsWith("Ms") ? formatDuration(value) : value.toLocaleString("en");
}
