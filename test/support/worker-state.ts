import type { WorkerState } from "../../operator/scaling/victims.ts";

/** A ready worker without sessions. */
export const workerState = (pod: string, change: Partial<WorkerState> = {}): WorkerState => ({
  pod,
  uid: pod,
  createdAtMs: 0,
  scheduled: true,
  running: true,
  ready: true,
  busy: 0,
  cordonAcknowledged: false,
  released: false,
  revision: "r1",
  ...change,
});
