import type { GatewayCoreDeps } from "../../../operator/gateway/core.ts";

/** For gateways whose pools do not overflow. */
export const noCloud: GatewayCoreDeps["overflow"] = {
  cloud: { launch: () => Promise.reject(new Error("this test has no cloud")) },
  secrets: { values: () => Promise.reject(new Error("this test has no Secret")) },
  onEvent: () => {},
};
