import type { Engine, LaunchRequest, WorkerForm } from "./engine.ts";
import { commonFields } from "./launch-form.ts";

/**
 * Renders `.imx` files on a CPU: Essence 1, Essence 2 and Expression 2. The worker is this repository's `workers/essence`. It loads
 * the avatar `NAME` from `NAME.imx` in the folder of models. Its README has the sources of the figures.
 */
export const essence = {
  name: "essence",
  summary: "CPU worker that renders .imx files (Essence 1, Essence 2 and Expression 2)",
  accelerator: "cpu",
  // The worker's own version, which changes only with the worker.
  defaultImage: "essence-worker:0.1.0",
  port: 8089,
  serves: ["model"],
  customAvatars: false,
  sessionsPerWorker: 1,
  coldStartMs: 20_000,
  paths: { health: "/health", ready: "/ready", sessions: "/health" },
  launches: {
    path: "/launch",
    tasks: "/tasks",
    dialect: "form",
    form: essenceForm,
    idleTimeoutMs: 600_000,
    creditsPerMinute: { selfHosted: 1, cloud: 2 },
  },
  drainedBy: "hook",
  // The worker loads its models one after the other, up to 64 of them, and its first start downloads the maker's shared files.
  startup: { periodSeconds: 2, limitSeconds: 1_200 },
  // The worker loads all models of its folder before it reports ready, so it needs no warm-up.
  warmup: [],
  secretEnv: "BITHUMAN_API_SECRET",
  sessionsEnv: "MAX_SESSIONS",
  drainEnv: "DRAIN_TIMEOUT_SECONDS",
  withoutModels: { name: "ESSENCE_RENDERER", value: "testcard" },
  env: { BITHUMAN_MODEL_PATH: "/models", BITHUMAN_CACHE_DIR: "/cache", BITHUMAN_DEPS_DIR: "/cache/deps" },
  volumes: [
    { name: "models", mountPath: "/models", source: { kind: "assets" } },
    { name: "cache", mountPath: "/cache", source: { kind: "modelCache" } },
  ],
  resources: {
    requests: { cpu: "2", memory: "4Gi" },
    limits: { cpu: "4", memory: "8Gi" },
  },
} as const satisfies Engine;

function essenceForm(request: LaunchRequest): WorkerForm {
  const fields = commonFields(request);
  const { avatar } = request;
  switch (avatar.kind) {
    case "preset":
      return { fields: { ...fields, avatar_id: avatar.name } };
    case "imageUrl":
    case "imageFile":
      throw new TypeError("the essence engine plays presets only");
  }
}
