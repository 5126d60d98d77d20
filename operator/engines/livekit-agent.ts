import type { Engine } from "./engine.ts";

/**
 * The user's LiveKit agent, which renders the avatar in its own process. LiveKit dispatches jobs to it. Port, paths, the default
 * load threshold and the handling of SIGTERM are those of livekit-agents 1.8 in `start` mode.
 */
export const livekitAgent = {
  name: "livekit-agent",
  summary: "LiveKit agent that renders the avatar itself and gets its sessions from LiveKit",
  accelerator: "cpu",
  port: 8081,
  serves: [],
  customAvatars: false,
  sessionsPerWorker: 2,
  coldStartMs: 30_000,
  paths: { health: "/", ready: "/worker", sessions: "/worker" },
  jobs: {
    loadThreshold: 0.7,
    env: {
      livekitUrl: "LIVEKIT_URL",
      livekitKey: "LIVEKIT_API_KEY",
      livekitSecret: "LIVEKIT_API_SECRET",
      loadThreshold: "AVATARPOOL_LOAD_THRESHOLD",
    },
  },
  drainedBy: "worker",
  startup: { periodSeconds: 2, limitSeconds: 300 },
  warmup: [],
  // It answers at once, and registers at LiveKit once its idle processes are initialized, after 12 s at the latest. No answer shows it.
  settleMs: 15_000,
  secretEnv: "BITHUMAN_API_SECRET",
  drainEnv: "AVATARPOOL_DRAIN_SECONDS",
  env: {},
  volumes: [],
  // The default load function of the agent compares its CPU time with the CPU limit.
  resources: {
    requests: { cpu: "2", memory: "4Gi" },
    limits: { cpu: "4", memory: "8Gi" },
  },
} as const satisfies Engine;
