import { z } from "zod";
import { engineNames, engines, enginesWhere } from "../../engines/index.ts";
import { creditsSchema } from "./credits.ts";
import { autoOrDuration, count, dataKey, duration, objectName, rules, urlRule } from "./fields.ts";
import { networkPolicySchema } from "./network-policy.ts";
import { overflowSchema } from "./overflow.ts";
import { presetsSchema } from "./preset.ts";
import { warmSchema } from "./warm.ts";
import { workerGroupsSchema } from "./worker-group.ts";

const secretName = objectName("Name of a Secret in the pool's namespace.");

const livekitSchema = z
  .object({
    url: z
      .string()
      .max(2048)
      .meta({
        description: "WebSocket URL of the LiveKit server.",
        ...rules(urlRule("wss?", "the value must be a ws:// or wss:// URL: replace https:// with wss://")),
      }),
    apiKeyRef: z
      .object({
        name: secretName,
        keyKey: dataKey("Key of the Secret that holds the API key.").default("api-key"),
        secretKey: dataKey("Key of the Secret that holds the API secret.").default("api-secret"),
      })
      .describe("Secret with the LiveKit API key and secret."),
    abandonedAfter: duration(
      "Time after which the gateway ends a session whose agent has left the room. Without this the worker keeps the session for 10 minutes. Requires gateways that may read the Secret.",
      { min: "5s", max: "1h" },
    ).default("10s"),
  })
  .describe(
    "LiveKit server for work outside a launch: warm-up sessions, and ending sessions whose agent has left. A launch carries its own server URL and token.",
  );

const objectiveSchema = z
  .object({
    startup: z
      .object({
        target: duration("Longest start-up time: from a launch's arrival until its session runs.", {
          min: "100ms",
          max: "10m",
        }).default("6s"),
        percentile: count("Percentage of launches that must meet the target.", 50, 99).default(95),
      })
      .describe("How fast sessions start. A session on a warm worker starts in 4 to 6 s.")
      .prefault({}),
    launchSuccess: z
      .number()
      .default(99)
      .meta({
        description:
          "Percentage of launches that find a warm slot at once. `warm.slots: auto` keeps as many slots as this requires.",
        // A rule instead of bounds: the API server rounds a bound in its own message.
        ...rules({ rule: "self >= 50.0 && self <= 99.99", message: "the value must be a percentage from 50 to 99.99, without %" }),
      }),
  })
  .describe("Service level objectives of the pool.")
  .prefault({});

const scalingSchema = z
  .object({
    scaleDownAfter: autoOrDuration(
      "How long a group must be larger than needed before workers are removed. auto: as long as keeping an idle worker is cheaper than starting it again, by the forecast; 5m until the forecast has enough data.",
      { min: "0s", max: "24h" },
    ).default("auto"),
    maxStep: count(
      "Maximum number of workers that one decision adds to a group. The next decision follows once these workers exist. Default: the larger of 10 and half of the group's current size.",
      1,
      5_000,
    ).optional(),
    paused: z.boolean().default(false).describe("Keep every group at its current size. Sessions and launches continue."),
  })
  .describe("How groups grow and shrink.")
  .prefault({});

const launchAuthSchema = z
  .object({
    secretRef: z
      .object({ name: secretName })
      .describe(
        "Secret with the clients' tokens: each key is a client's name, each value its token. A change takes effect within 10 s. To rotate a token, add a key, move the clients, then remove the old key.",
      ),
    launchesPerMinute: count(
      "Maximum number of launches per minute with one token at one gateway. They may all arrive at once.",
      1,
      100_000,
    ).optional(),
    launchesAtOnce: count(
      "Maximum number of concurrent launches with one token at one gateway, waiting ones included.",
      1,
      10_000,
    ).optional(),
  })
  .describe(
    "Launches require a token, in `Authorization: Bearer`, the header `api-secret`, or the field `api_secret`. If absent, every client that reaches a gateway may launch.",
  );

const imageHost = z
  .string()
  .max(260)
  .meta({
    description: "A host, with its port unless it is the scheme's default port; or `*.` and a domain for all hosts below it.",
    ...rules({
      rule: "self.matches('^([*][.])?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$')",
      message:
        "the value must be a host in lower case such as images.example.com, images.example.com:8443 or *.example.com, without https://",
    }),
  });

const webOrigin = z
  .string()
  .max(260)
  .meta({
    description: "An origin: scheme, host, and the port unless it is the scheme's default port; or `*` for any page.",
    ...rules({
      rule: "self.matches('^([*]|https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|[[][0-9a-f:]+[]])(:[0-9]{1,5})?)$')",
      message:
        "the value must be * or an origin in lower case such as https://app.example.com or http://localhost:3000, without a path",
    }),
  });

const launchSchema = z
  .object({
    queue: z
      .object({
        length: count(
          "Maximum number of launches that wait at one gateway. Further launches are rejected with 503 and Retry-After.",
          0,
          10_000,
        ).default(100),
        deadline: duration(
          "Longest time that a launch waits for a slot. Clients keep a connection open for about 305 s but give up 4 s after a 503, so waiting is better than rejecting.",
          { min: "0s", max: "5m" },
        ).default("2m"),
      })
      .describe("Queue of the launches that found no free slot.")
      .prefault({}),
    attempts: count("Maximum number of workers that a launch tries in a row before it waits in the queue.", 1, 20).default(5),
    allowCustomAvatars: z
      .boolean()
      .default(true)
      .describe("Whether a launch may bring its own face image instead of naming a preset."),
    imageHosts: z
      .array(imageHost)
      .max(64)
      .optional()
      .describe(
        "Hosts from which face images of launches may be downloaded. If absent, any host: workers download every URL that they receive.",
      ),
    allowedOrigins: z
      .array(webOrigin)
      .max(32)
      .optional()
      .describe(
        "Origins of web pages that may launch from a browser and read sessions (CORS). None if absent. Every visitor of such a page can read its token: use a separate token with limits.",
      ),
    auth: launchAuthSchema.optional(),
  })
  .describe("How gateways serve launches.")
  .prefault({});

const limitsSchema = z
  .object({
    maxSessions: count(
      "Maximum number of concurrent sessions of the pool, such as the concurrency limit of the maker's account. Further launches wait, and no workers are started for them.",
      1,
      100_000,
    ).optional(),
  })
  .describe("External limits on the pool.")
  .prefault({});

const presetEngines = enginesWhere(({ serves }) => serves.length > 0);
const presetless = `[${engineNames
  .filter((name) => !presetEngines.includes(name))
  .map((name) => `'${name}'`)
  .join(", ")}]`;

/** `w` is a worker group, `p` a preset, in CEL: whether the group's engine can load the preset. */
const loads = presetEngines
  .map((name) => `w.engine == '${name}' && (${engines[name].serves.map((kind) => `has(p.${kind})`).join(" || ")})`)
  .map((clause) => `(${clause})`)
  .join(" || ");

/** "expression loads image or avatarId, essence loads model" */
const whatEnginesLoad = presetEngines.map((name) => `${name} loads ${engines[name].serves.join(" or ")}`).join(", ");

export const poolSpecSchema = z
  .object({
    apiSecretRef: z
      .object({ name: secretName, key: dataKey("Key of the Secret that holds the maker's API secret.").default("api-secret") })
      .describe("The maker's API secret. Workers receive it as an environment variable; the operator never stores it."),
    presets: presetsSchema.default([]),
    workers: workerGroupsSchema,
    warm: warmSchema,
    objective: objectiveSchema,
    scaling: scalingSchema,
    launch: launchSchema,
    limits: limitsSchema,
    overflow: overflowSchema.optional(),
    credits: creditsSchema.optional(),
    livekit: livekitSchema.optional(),
    networkPolicy: networkPolicySchema,
  })
  .meta({
    description: "Desired state of the pool.",
    ...rules(
      {
        rule: "self.workers.all(w, !has(w.presets) || w.presets.all(name, self.presets.exists(p, p.name == name)))",
        message: "workers[].presets must name presets of spec.presets: add the preset there or correct the name",
      },
      {
        rule: `self.workers.all(w, !has(w.presets) || self.presets.all(p, !(p.name in w.presets) || ${loads}))`,
        message: `workers[].presets must name presets that the group's engine can load: ${whatEnginesLoad}`,
      },
      {
        rule: `self.workers.all(w, w.engine in ${presetless} || self.presets.exists(p, ${loads}))`,
        message: `every group's engine must be able to load a preset: add one to presets; ${whatEnginesLoad}`,
      },
      {
        rule: `self.presets.all(p, self.workers.exists(w, (!has(w.presets) || p.name in w.presets) && (${loads})))`,
        message: "every preset must be loaded by a worker group: add a group whose engine can load it, or remove the preset",
      },
      {
        rule: "self.workers.all(w, has(w.costPerHour)) || self.workers.all(w, !has(w.costPerHour))",
        message: "the operator compares workers[].costPerHour between groups: set it for every group or for none",
      },
      {
        rule: "self.warm.warmup.mode != 'session' || has(self.livekit)",
        message: "warm.warmup.mode session requires livekit: set livekit.url and livekit.apiKeyRef, or use mode pipeline",
      },
      {
        rule: "!has(self.overflow) || self.presets.exists(p, !has(p.model))",
        message:
          "overflow requires a preset that the maker's cloud can load: add a preset with image or avatarId, or remove overflow",
      },
    ),
  });
