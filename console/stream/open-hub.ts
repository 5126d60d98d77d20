import { systemClock } from "../../operator/runtime/clock.ts";
import { StreamHub } from "./hub.ts";
import { type Port, portOf, type ToHub, type ToTab } from "./protocol.ts";

export type HubPort = Port<ToHub, ToTab>;

/**
 * The stream of all tabs, or one of this tab alone where the browser has no SharedWorker. `onReplaced` gets another port if the
 * browser refuses to start the worker.
 */
export function openHub(onReplaced: (port: HubPort) => void): HubPort {
  if (typeof SharedWorker === "undefined") return ownHub();
  try {
    const worker = new SharedWorker(STREAM_URL, { name: "avatarpool-stream" });
    worker.onerror = () => onReplaced(ownHub());
    return portOf(worker.port);
  } catch {
    return ownHub();
  }
}

function ownHub(): HubPort {
  const { port1, port2 } = new MessageChannel();
  const hub = new StreamHub({ fetch: (...request) => fetch(...request), clock: systemClock, random: Math.random });
  hub.join(portOf(port1));
  return portOf(port2);
}
