import { systemClock } from "../../operator/runtime/clock.ts";
import { StreamHub } from "./hub.ts";
import { portOf } from "./protocol.ts";

/** A SharedWorker: the stream of all tabs. */
const hub = new StreamHub({ fetch: (...request) => fetch(...request), clock: systemClock, random: Math.random });

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port !== undefined) hub.join(portOf(port));
});
