import type { DecisionMark, History, HistorySample } from "../../../../operator/api/console.ts";
import { seededRandom } from "../../../../operator/runtime/random.ts";

const STEP_MS = 30_000;
const MOST_SAMPLES = 1_000;
const SLOTS = 4;

/** An invented history: demand rises and falls within hours, and decisions follow it. */
export function inventedHistory(pool: string, fromMs: number, toMs: number): History {
  const startMs = Math.max(fromMs, toMs - STEP_MS * MOST_SAMPLES);
  const random = seededRandom(1, pool);
  const samples: HistorySample[] = [];
  const decisions: DecisionMark[] = [];
  let replicas = 6;
  for (let atMs = Math.ceil(startMs / STEP_MS) * STEP_MS; atMs <= toMs; atMs += STEP_MS) {
    const sample = inventedSample(atMs, replicas, random());
    const wanted = Math.max(4, Math.ceil((sample.sessions + sample.queued + 6) / SLOTS));
    if (wanted > replicas || wanted < replicas - 2) {
      decisions.push(inventedDecision("gpu", replicas, wanted, atMs, sample));
      replicas = wanted;
    }
    samples.push(sample);
  }
  return { fromMs: startMs, toMs, stepMs: STEP_MS, samples, decisions };
}

export function inventedSample(atMs: number, replicas: number, noise: number): HistorySample {
  const sessions = Math.round(24 + 14 * Math.sin(atMs / 2_400_000) + 5 * noise);
  const slots = replicas * SLOTS;
  const short = Math.max(0, sessions - slots);
  return {
    ...{ atMs, sessions: Math.min(sessions, slots), slots, replicas, warmWanted: 6, queued: short },
    warmSlots: Math.max(0, slots - sessions),
    launches: Math.round(3 * noise),
    worker503: short,
    refused: 0,
    waited: short,
    startupP95Ms: 2_600 + 1_500 * noise,
  };
}

export function inventedDecision(
  group: string,
  from: number,
  to: number,
  atMs: number,
  { sessions, queued }: Pick<HistorySample, "sessions" | "queued">,
): DecisionMark {
  const outcome = to > from ? "grew" : to < from ? "shrank" : "unchanged";
  const arithmetic = `${sessions} sessions + ${queued} queued + 6 warm = ${sessions + queued + 6} slots / ${SLOTS} per worker = ${to}`;
  return { id: `${atMs}-${group}`, atMs, group, from, to, outcome, reason: arithmetic, arithmetic };
}
