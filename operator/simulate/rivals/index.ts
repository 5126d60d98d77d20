export { AGONES_DEFAULTS, AGONES_PERCENT_DEFAULTS, type AgonesOptions, agones } from "./agones.ts";
export { HPA_DEFAULTS, type HpaOptions, hpa } from "./hpa.ts";
export { KEDA_DEFAULTS, type KedaOptions, keda } from "./keda.ts";
export { KNATIVE_DEFAULTS, type KnativeOptions, knative } from "./knative.ts";
