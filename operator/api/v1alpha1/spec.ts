import { z } from "zod";
import { engineNames, engines } from "../../engines/index.ts";
import { count, duration, rules } from "./fields.ts";
import { presetsSchema } from "./preset.ts";
import { workerGroupsSchema } from "./worker-group.ts";

const secretName = z.string().min(1).max(253).describe("Name of a Secret in the pool's namespace.");
const secretKey = (description: string) => z.string().min(1).max(253).describe(description);

const livekitSchema = z
  .object({
    url: z
      .string()
      .max(2048)
      .meta({
        description: "WebSocket URL of the LiveKit server.",
        ...rules({
          rule: "self.matches('^wss?://[^/ ]+')",
          message: "must be a ws:// or wss:// URL: write wss:// where you have https://",
        }),
      }),
    apiKeyRef: z
      .object({
        name: secretName,
        keyKey: secretKey("Key of the Secret that holds the API key.").default("api-key"),
        secretKey: secretKey("Key of the Secret that holds the API secret.").default("api-secret"),
      })
      .describe("Secret with the LiveKit API key and secret."),
  })
  .describe("LiveKit server for what the operator itself does in rooms. Launches bring their own server and token.");

const warmSchema = z
  .object({
    slots: count("Slots kept free and warm for every preset: a launch of any preset finds this many.", 0, 10_000).default(1),
    warmup: z
      .object({
        mode: z
          .enum(["pipeline", "session"])
          .default("pipeline")
          .describe(
            "How a new worker is warmed before it counts as warm. pipeline: its rendering pipeline is exercised, which costs nothing. session: besides, a short real session per preset loads the preset, which costs one authentication each and needs `livekit`.",
          ),
      })
      .describe("What makes a worker warm.")
      .prefault({}),
  })
  .describe("How much is kept warm.")
  .prefault({});

const scalingSchema = z
  .object({
    scaleDownAfter: duration("How long a group must have been too large before workers are taken away.", {
      min: "0s",
      max: "24h",
    }).default("5m"),
    paused: z.boolean().default(false).describe("Keep every group at its present size. Sessions and launches go on."),
  })
  .describe("How groups grow and shrink.")
  .prefault({});

const launchSchema = z
  .object({
    queue: z
      .object({
        length: count(
          "Most launches that wait at one gateway. Further ones are refused with 503 and Retry-After.",
          0,
          10_000,
        ).default(100),
        deadline: duration(
          "Longest that a launch waits for a slot. Clients hold a connection for about 305 s, so waiting beats refusing: a refused client gives up after 4 s.",
          { min: "0s", max: "5m" },
        ).default("2m"),
      })
      .describe("Launches that found no free slot wait here.")
      .prefault({}),
    attempts: count("Most workers that a launch is tried on in a row before it waits in the queue.", 1, 20).default(5),
    allowCustomAvatars: z
      .boolean()
      .default(true)
      .describe("Whether a launch may bring its own face image instead of naming a preset."),
  })
  .describe("How launches are served.")
  .prefault({});

/** `w` is a worker group, `p` a preset, in CEL: whether the group's engine can load the preset. */
const loads = engineNames
  .map((name) => `w.engine == '${name}' && (${engines[name].serves.map((kind) => `has(p.${kind})`).join(" || ")})`)
  .map((clause) => `(${clause})`)
  .join(" || ");

/** "expression loads image or avatarId, essence loads model" */
const whatEnginesLoad = engineNames.map((name) => `${name} loads ${engines[name].serves.join(" or ")}`).join(", ");

export const poolSpecSchema = z
  .object({
    apiSecretRef: z
      .object({ name: secretName, key: secretKey("Key of the Secret that holds the maker's API secret.").default("api-secret") })
      .describe("The maker's API secret. Workers get it as an environment variable; the operator never stores it."),
    presets: presetsSchema.min(1),
    workers: workerGroupsSchema,
    warm: warmSchema,
    scaling: scalingSchema,
    launch: launchSchema,
    livekit: livekitSchema.optional(),
  })
  .meta({
    description: "What the user wants.",
    ...rules(
      {
        rule: "self.workers.all(w, !has(w.presets) || w.presets.all(name, self.presets.exists(p, p.name == name)))",
        message: "workers[].presets names a preset that spec.presets does not have: add it there or correct the name",
      },
      {
        rule: `self.workers.all(w, !has(w.presets) || self.presets.all(p, !(p.name in w.presets) || ${loads}))`,
        message: `workers[].presets names a preset that the group's engine cannot load: ${whatEnginesLoad}`,
      },
      {
        rule: `self.workers.all(w, self.presets.exists(p, ${loads}))`,
        message: `a group's engine cannot load any preset: ${whatEnginesLoad}`,
      },
      {
        rule: `self.presets.all(p, self.workers.exists(w, (!has(w.presets) || p.name in w.presets) && (${loads})))`,
        message: "a preset is loaded by no worker group: add a group whose engine can load it, or remove the preset",
      },
      {
        rule: "self.warm.warmup.mode != 'session' || has(self.livekit)",
        message: "warm.warmup.mode session needs livekit: give the server's URL and apiKeyRef, or use mode pipeline",
      },
    ),
  });
