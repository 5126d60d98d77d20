import type { Engine, LaunchRequest, WorkerForm } from "./engine.ts";
import { commonFields } from "./launch-form.ts";

/**
 * Renders pre-built `.imx` avatars on a CPU. No public image exists: the group names an image that serves the same API as the
 * expression worker and loads the avatar `NAME` from `NAME.imx` in the folder BITHUMAN_MODEL_PATH.
 */
export const essence = {
  name: "essence",
  summary: "CPU worker that plays pre-built .imx avatars",
  accelerator: "cpu",
  port: 8089,
  serves: ["model"],
  customAvatars: false,
  sessionsPerWorker: 1,
  coldStartMs: 20_000,
  paths: { health: "/health", ready: "/ready", launch: "/launch", tasks: "/tasks" },
  idleTimeoutMs: 600_000,
  startup: { periodSeconds: 2, limitSeconds: 300 },
  // The worker loads all models of its folder before it reports ready, so it needs no warm-up.
  warmup: [],
  secretEnv: "BITHUMAN_API_SECRET",
  sessionsEnv: "MAX_SESSIONS",
  env: { BITHUMAN_MODEL_PATH: "/models" },
  volumes: [{ name: "models", mountPath: "/models", source: { kind: "assets" } }],
  resources: {
    requests: { cpu: "1", memory: "4Gi" },
    limits: { cpu: "4", memory: "8Gi" },
  },
  dialect: "form",
  launchForm: essenceForm,
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
