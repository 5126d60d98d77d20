/**
 * `npm run bench:plan`: the time of a snapshot and a plan for a pool of 2,000 workers, in the most expensive states. The last
 * line is one JSON object. The exit status is 1 if a figure is missed.
 */
import type { AvatarPoolSpecInput } from "../../operator/api/v1alpha1/index.ts";
import { buildSnapshot, nothingRead } from "../../operator/pool/gather/build-snapshot.ts";
import { Memories, remember } from "../../operator/pool/memory.ts";
import { plan } from "../../operator/pool/plan.ts";
import { deployment, gpuGroup, gpuOnly, NOW_MS, pod, pool, type WorldChange, world } from "../support/pools.ts";

const WORKERS = 2_000;
const LIMIT_MS = 5;
/** Plans per measurement: the resolution of processor time is a millisecond. */
const BATCH = 25;
const BATCHES = 40;
const WARM_UP_BATCHES = 2;

const names = Array.from({ length: WORKERS }, (_, index) => `w${index}`);
const busy = (share: number) => Object.fromEntries(names.map((name, index) => [name, index % 100 < share * 100 ? 2 : 0]));
const spec: Partial<AvatarPoolSpecInput> = {
  ...gpuOnly,
  workers: [
    { ...gpuGroup, max: 3_000 },
    { ...gpuGroup, name: "spot", max: 3_000 },
  ],
  warm: { slots: "10%", schedule: [{ cron: "0 8 * * 1-5", timeZone: "Europe/Berlin", duration: "10h", slots: 50 }] },
  scaling: { scaleDownAfter: "0s" },
};

const states: Readonly<Record<string, WorldChange>> = {
  steady: { pods: names.map((name) => pod(name)), sessions: busy(0.9) },
  growing: { pods: names.map((name) => pod(name)), sessions: busy(1), queued: { maya: 500 } },
  shrinking: { pods: names.map((name) => pod(name)), sessions: busy(0.3) },
  draining: {
    pods: names.map((name, index) => pod(name, index % 2 === 0 ? { cordonedAtMs: NOW_MS } : {})),
    sessions: busy(0.3),
  },
  nodesShort: {
    pods: names.map((name, index) => pod(name, index % 2 === 0 ? { stage: "unscheduled", createdAtMs: NOW_MS - 90_000 } : {})),
    queued: { maya: 2_000 },
  },
};

/** Processor time of this thread, which other programs on the machine do not affect. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

interface Times {
  readonly planP50Ms: number;
  readonly planP99Ms: number;
  /** Including the snapshot. */
  readonly bothP99Ms: number;
}

function measure(change: WorldChange): Times {
  const view = pool(spec);
  const deployments = [deployment("gpu", { replicas: WORKERS }), deployment("spot", { replicas: 0 })];
  const scene = world(view.config, { ...change, deployments });
  const planMs: number[] = [];
  const bothMs: number[] = [];
  const memory = new Memories().of("p");
  const look = () => buildSnapshot(scene, view, nothingRead, memory, NOW_MS);
  for (let batch = 0; batch < WARM_UP_BATCHES + BATCHES; batch++) {
    const snapshot = look();
    remember(memory, snapshot, { groups: [] });
    const perPlanMs = meanMs(() => plan(snapshot));
    const perLookMs = meanMs(look);
    if (batch < WARM_UP_BATCHES) continue;
    planMs.push(perPlanMs);
    bothMs.push(perPlanMs + perLookMs);
  }
  return { planP50Ms: percentile(planMs, 0.5), planP99Ms: percentile(planMs, 0.99), bothP99Ms: percentile(bothMs, 0.99) };
}

function meanMs(work: () => void): number {
  const startMs = cpuMs();
  for (let turn = 0; turn < BATCH; turn++) work();
  return (cpuMs() - startMs) / BATCH;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Number((sorted[Math.ceil(share * sorted.length) - 1] ?? 0).toFixed(3));
}

const results = Object.fromEntries(Object.entries(states).map(([name, change]) => [name, measure(change)]));
const p50 = Math.max(...Object.values(results).map(({ planP50Ms }) => planP50Ms));
const p99 = Math.max(...Object.values(results).map(({ planP99Ms }) => planP99Ms));
for (const [name, times] of Object.entries(results)) console.log(name, JSON.stringify(times));
console.log(JSON.stringify({ workers: WORKERS, p50Ms: p50, p99Ms: p99, states: results }));
process.exit(p99 <= LIMIT_MS ? 0 : 1);
