import { observers } from "./network.ts";
import type { NodeStage } from "./stage.ts";

/**
 * Two groups whose workers all run the image of `workers/essence` and draw test cards. For the GPU group it stands in for the
 * maker's image, which needs a GPU and a licence.
 */
export function nodePoolSpec(stage: NodeStage, { groups = ["gpu", "cpu"], gpu = {}, cpu = {}, spec = {} }: Overrides = {}): object {
  const workers = { gpu: gpuWorkers(stage, gpu), cpu: cpuWorkers(cpu) };
  const presets = {
    gpu: { name: "maya", image: { url: "http://images.test/maya.jpg" } },
    cpu: { name: "leo", model: { url: stage.models.put("/leo.imx", "a test card needs no model") } },
  };
  return {
    presets: groups.map((name) => presets[name]),
    warm: { slots: 1 },
    livekit: { url: stage.livekit.url, apiKeyRef: { name: "livekit" } },
    scaling: { scaleDownAfter: "5m" },
    // The tests read the sessions of workers.
    networkPolicy: { ingress: [{ from: observers }] },
    workers: groups.map((name) => workers[name]),
    ...spec,
  };
}

interface Overrides {
  /** Default: both. Each has a preset of its own: `maya` for the GPU, `leo` for the CPU. */
  readonly groups?: readonly ("gpu" | "cpu")[];
  readonly gpu?: object;
  readonly cpu?: object;
  readonly spec?: object;
}

export function gpuWorkers(stage: NodeStage, group: object = {}): object {
  return { name: "gpu", engine: "expression", image: stage.images.essence.reference, min: 2, max: 2, ...common, ...group };
}

export function cpuWorkers(group: object = {}): object {
  return { name: "cpu", engine: "essence", min: 2, max: 2, ...common, ...group };
}

const common = {
  sessionsPerWorker: 2,
  coldStart: "5s",
  resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { cpu: "2", memory: "1Gi" } },
  podTemplate: {
    spec: {
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65532,
        fsGroup: 65532,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "worker",
          // Set here, so that the operator does not know that the workers need no models, and fetches them.
          env: [
            { name: "ESSENCE_RENDERER", value: "testcard" },
            { name: "ESSENCE_TESTCARD_SIZE", value: "256" },
          ],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  },
};
