import { z } from "zod";
import { engineNames, engines } from "../../engines/index.ts";
import { autoOrDuration, count, dataKey, duration, objectName, rules, urlRule } from "./fields.ts";
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
        ...rules(urlRule("wss?", "must be a ws:// or wss:// URL: write wss:// where you have https://")),
      }),
    apiKeyRef: z
      .object({
        name: secretName,
        keyKey: dataKey("Key of the Secret that holds the API key.").default("api-key"),
        secretKey: dataKey("Key of the Secret that holds the API secret.").default("api-secret"),
      })
      .describe("Secret with the LiveKit API key and secret."),
    abandonedAfter: duration(
      "A session is ended when its agent has not been in its room for this long; its worker would keep it for ten minutes. Needs gateways that may read the Secret.",
      { min: "5s", max: "1h" },
    ).default("10s"),
  })
  .describe(
    "LiveKit server for what is done in rooms without a launch: warm-up by session, and ending sessions whose agent has left. Launches bring their own server and token.",
  );

const objectiveSchema = z
  .object({
    startup: z
      .object({
        target: duration("Time from a launch's arrival until its session runs.", { min: "100ms", max: "10m" }).default("6s"),
        percentile: count("Share of the launches, in percent, that must be as fast.", 50, 99).default(95),
      })
      .describe("How fast sessions start. A session on a warm worker takes 4 to 6 s.")
      .prefault({}),
    launchSuccess: z
      .number()
      .default(99)
      .meta({
        description:
          "Share of the launches, in percent, that find a warm slot at once. `warm.slots: auto` keeps as much as this takes.",
        // Written as a rule, since the API server rounds a bound in its own message.
        ...rules({ rule: "self >= 50.0 && self <= 99.99", message: "must be a percentage from 50 to 99.99, without %" }),
      }),
  })
  .describe("What the pool is to achieve.")
  .prefault({});

const scalingSchema = z
  .object({
    scaleDownAfter: autoOrDuration(
      "How long a group must have been too large before workers are taken away. auto: as long as the forecast finds a worker cheaper to keep than to start again; 5m until it has seen enough.",
      { min: "0s", max: "24h" },
    ).default("auto"),
    maxStep: count(
      "Most workers that one decision adds to a group. The next one follows when these exist. Default: 10, or half of the group's present size where that is more.",
      1,
      5_000,
    ).optional(),
    paused: z.boolean().default(false).describe("Keep every group at its present size. Sessions and launches go on."),
  })
  .describe("How groups grow and shrink.")
  .prefault({});

const launchAuthSchema = z
  .object({
    secretRef: z
      .object({ name: secretName })
      .describe(
        "Secret whose every key is the name of a client and whose value is that client's token. Changes count within 10 s: to rotate, add a key, move the clients, remove the old key.",
      ),
    launchesPerMinute: count(
      "Most launches a minute of one token at one gateway; the minute's may come at once.",
      1,
      100_000,
    ).optional(),
    launchesAtOnce: count("Most launches of one token that wait or are being served at one gateway.", 1, 10_000).optional(),
  })
  .describe(
    "Launches need a token: `Authorization: Bearer`, the header `api-secret`, or the field `api_secret`. Without this anybody who reaches a gateway may launch.",
  );

const imageHost = z
  .string()
  .max(260)
  .meta({
    description: "A host, with its port where that is not the scheme's own, or `*.` and what hosts end with.",
    ...rules({
      rule: "self.matches('^([*][.])?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$')",
      message:
        "must be a host in lower case such as images.example.com, images.example.com:8443 or *.example.com, without https://",
    }),
  });

const webOrigin = z
  .string()
  .max(260)
  .meta({
    description: "An origin: scheme, host, and the port if it is not the scheme's own; or `*` for any page.",
    ...rules({
      rule: "self.matches('^([*]|https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|[[][0-9a-f:]+[]])(:[0-9]{1,5})?)$')",
      message: "must be * or an origin in lower case such as https://app.example.com or http://localhost:3000, without a path",
    }),
  });

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
    imageHosts: z
      .array(imageHost)
      .max(64)
      .optional()
      .describe("Hosts on which the face images of launches may lie. Any host where absent: workers fetch what they are told."),
    allowedOrigins: z
      .array(webOrigin)
      .max(32)
      .optional()
      .describe(
        "Origins of web pages that may launch from a browser and see sessions (CORS). None if absent. Whoever opens such a page can read its token: give the page a token of its own, with limits.",
      ),
    auth: launchAuthSchema.optional(),
  })
  .describe("How launches are served.")
  .prefault({});

const limitsSchema = z
  .object({
    maxSessions: count(
      "Most sessions of the pool at once, such as the concurrency cap of the maker's account. Launches beyond it wait, and more workers are not started for them.",
      1,
      100_000,
    ).optional(),
  })
  .describe("What bounds the pool from outside.")
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
      .object({ name: secretName, key: dataKey("Key of the Secret that holds the maker's API secret.").default("api-secret") })
      .describe("The maker's API secret. Workers get it as an environment variable; the operator never stores it."),
    presets: presetsSchema.min(1),
    workers: workerGroupsSchema,
    warm: warmSchema,
    objective: objectiveSchema,
    scaling: scalingSchema,
    launch: launchSchema,
    limits: limitsSchema,
    overflow: overflowSchema.optional(),
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
        rule: "self.workers.all(w, has(w.costPerHour)) || self.workers.all(w, !has(w.costPerHour))",
        message: "workers[].costPerHour is compared between groups: give it for every group or for none",
      },
      {
        rule: "self.warm.warmup.mode != 'session' || has(self.livekit)",
        message: "warm.warmup.mode session needs livekit: give the server's URL and apiKeyRef, or use mode pipeline",
      },
      {
        rule: "!has(self.overflow) || self.presets.exists(p, !has(p.model))",
        message:
          "overflow has nothing to launch: the maker's cloud knows no .imx model of yours; add a preset with image or avatarId, or remove overflow",
      },
    ),
  });
