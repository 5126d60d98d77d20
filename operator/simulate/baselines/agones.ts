import type { FleetShape, FleetView, Policy } from "../policy.ts";
import { ceil } from "./hpa.ts";

/** Settings of a FleetAutoscaler: a buffer of game servers (Buffer policy) or of free slots on them (Counter policy). */
export interface AgonesOptions {
  readonly unit: "servers" | "slots";
  /** A number, or a percentage of all (below 100). */
  readonly buffer: { readonly fixed: number } | { readonly percent: number };
  readonly minReplicas: number;
}

/** Agones' examples use a buffer of 2 or 5 game servers. */
export const AGONES_DEFAULTS: AgonesOptions = { unit: "servers", buffer: { fixed: 2 }, minReplicas: 0 };
export const AGONES_PERCENT_DEFAULTS: AgonesOptions = { unit: "slots", buffer: { percent: 30 }, minReplicas: 1 };

const SYNC_S = 30;

/**
 * The FleetAutoscaler of Agones, every 30 s. Servers with sessions (Allocated) are never removed.
 * Buffer policy: `allocated + buffer` servers, or `ceil(100 * allocated / (100 - percent))`.
 * Counter policy: the same in slots of all servers, including those that start; at least one server.
 *
 * https://agones.dev/site/docs/reference/fleetautoscaler/ and googleforgames/agones
 * pkg/fleetautoscalers/fleetautoscalers.go, `applyBufferPolicy`, `applyCounterOrListPolicy`.
 */
export function agones(options: AgonesOptions, { slotsPerWorker }: FleetShape): Policy {
  const { unit, buffer, minReplicas } = options;
  const size = "fixed" in buffer ? `${buffer.fixed}` : `${buffer.percent}%`;
  return {
    name: `Agones ${size} ${unit}, min ${minReplicas}`,
    syncS: SYNC_S,
    memoryS: SYNC_S,
    eventDriven: false,
    removes: "empty",
    decide: (view) =>
      Math.max(
        minReplicas,
        unit === "servers" ? withBuffer(view.busyWorkers, buffer) : serversForSlots(view, buffer, slotsPerWorker),
      ),
  };
}

function serversForSlots(view: FleetView, buffer: AgonesOptions["buffer"], slots: number): number {
  const { workers, sessions } = view;
  // Without sessions a percentage keeps one server.
  if ("percent" in buffer && sessions === 0) return 1;
  const wanted = withBuffer(sessions, buffer) - sessions;
  const available = workers * slots - sessions;
  // Adds whole servers until the buffer is reached, or removes whole servers while it stays reached.
  const missing = available < wanted ? ceil((wanted - available) / slots) : -Math.floor((available - wanted) / slots);
  return Math.max(1, workers + missing);
}

function withBuffer(used: number, buffer: AgonesOptions["buffer"]): number {
  return "fixed" in buffer ? used + buffer.fixed : ceil((100 * used) / (100 - buffer.percent));
}
