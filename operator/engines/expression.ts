import type { Engine, LaunchRequest, WorkerForm } from "./engine.ts";
import { commonFields } from "./launch-form.ts";

/** Renders any face image on a GPU. Image, port, paths, volumes and timings are those that the maker documents. */
export const expression = {
  name: "expression",
  summary: "GPU worker that animates any face image",
  accelerator: "gpu",
  defaultImage: "sgubithuman/expression-avatar:2.3.7",
  port: 8089,
  serves: ["image", "avatarId"],
  customAvatars: true,
  sessionsPerWorker: 8,
  coldStartMs: 45_000,
  paths: { health: "/health", ready: "/ready", sessions: "/health" },
  launches: {
    path: "/launch",
    tasks: "/tasks",
    dialect: "form",
    form: expressionForm,
    idleTimeoutMs: 600_000,
    creditsPerMinute: { selfHosted: 2, cloud: 4 },
  },
  drainedBy: "hook",
  // The first start on a GPU type downloads 5 GB of weights and compiles for minutes.
  startup: { periodSeconds: 2, limitSeconds: 1_200 },
  warmup: [
    { method: "POST", path: "/benchmark?iterations=1", timeoutMs: 60_000 },
    { method: "GET", path: "/test-frame", timeoutMs: 30_000 },
  ],
  secretEnv: "BITHUMAN_API_SECRET",
  sessionsEnv: "MAX_SESSIONS",
  env: { AUTO_PREWARM: "true" },
  volumes: [
    { name: "models", mountPath: "/data/models", source: { kind: "modelCache" } },
    // Decrypted weights must not reach a disk.
    { name: "weights", mountPath: "/tmp/bh-weights", source: { kind: "memory", sizeLimit: "9Gi" } },
    { name: "shm", mountPath: "/dev/shm", source: { kind: "memory", sizeLimit: "2Gi" } },
  ],
  resources: {
    requests: { cpu: "2", memory: "12Gi" },
    limits: { cpu: "8", memory: "20Gi" },
  },
} as const satisfies Engine;

function expressionForm(request: LaunchRequest): WorkerForm {
  const fields = commonFields(request);
  const { avatar } = request;
  switch (avatar.kind) {
    case "imageFile":
      return { fields, file: { field: "avatar_image", ...avatar.file } };
    case "imageUrl":
      return { fields: { ...fields, avatar_image_url: avatar.url } };
    case "preset":
      return avatar.asset.kind === "avatarId"
        ? { fields: { ...fields, avatar_id: avatar.asset.avatarId } }
        : { fields: { ...fields, avatar_image_url: avatar.asset.url } };
  }
}
