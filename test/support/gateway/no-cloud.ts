import type { GatewayCoreDeps } from "../../../operator/gateway/core.ts";

/** For gateways whose pools do not overflow. */
export const noCloud: GatewayCoreDeps["overflow"] = {
  cloud: { launch: () => Promise.reject(new Error("there is no cloud here")) },
  secrets: { values: () => Promise.reject(new Error("there is no Secret here")) },
  onEvent: () => {},
};
