import type { FleetShape, Policy } from "../policy.ts";
import { AGONES_DEFAULTS, AGONES_PERCENT_DEFAULTS, agones } from "./agones.ts";
import { HPA_DEFAULTS, hpa } from "./hpa.ts";
import { KEDA_DEFAULTS, keda } from "./keda.ts";
import { KNATIVE_DEFAULTS, knative } from "./knative.ts";

/** Common autoscalers with their default settings. */
export const baselines: readonly ((shape: FleetShape) => Policy)[] = [
  (shape) => hpa(HPA_DEFAULTS, shape),
  (shape) => keda(KEDA_DEFAULTS, shape),
  (shape) => agones(AGONES_DEFAULTS, shape),
  (shape) => agones(AGONES_PERCENT_DEFAULTS, shape),
  (shape) => knative(KNATIVE_DEFAULTS, shape),
];
