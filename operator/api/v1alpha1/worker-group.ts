import { z } from "zod";
import { dialects, engineNames, engineOf, engines, enginesWhere } from "../../engines/index.ts";
import { count, countOrPercent, dataKey, dnsLabel, duration, listOf, objectName, passedOn, quantity, rules } from "./fields.ts";
import { gpuSchema } from "./gpu.ts";
import { podTemplateSchema } from "./pod-template.ts";
import { helpersSchema, resourcesSchema } from "./resources.ts";

const MAX_WORKERS = 5_000;

const engineList = (names: readonly string[]) => `[${names.map((name) => `'${name}'`).join(", ")}]`;

const cpuEngines = enginesWhere((engine) => engine.accelerator === "cpu");
const imagelessEngines = enginesWhere((engine) => engine.defaultImage === undefined);

const jobEngines = enginesWhere((engine) => engine.jobs !== undefined);

const cachelessEngines = enginesWhere((engine) => engine.volumes.every(({ source }) => source.kind !== "modelCache"));

/** Environment variables that the operator sets. */
const reservedEnv = [
  ...new Set(
    engineNames
      .map(engineOf)
      .flatMap(({ secretEnv, sessionsEnv, jobs }) => [secretEnv, sessionsEnv, jobs?.env.loadThreshold])
      .filter((name) => name !== undefined),
  ),
];

const modelCacheSchema = z
  .object({
    persistentVolumeClaim: z
      .object({ claimName: objectName("Name of a claim in the pool's namespace.") })
      .describe("An existing claim that the group's workers share. It must allow ReadWriteMany if they run on several nodes.")
      .optional(),
    claimTemplate: z
      .object({
        storageClassName: objectName("Storage class. Default: the cluster's default class.").optional(),
        size: quantity("Size of each worker's volume, such as 20Gi.", "20Gi"),
      })
      .describe("A separate volume for each worker, deleted with the worker.")
      .optional(),
    hostPath: z
      .object({
        path: z
          .string()
          .max(1024)
          .meta({
            description: "Directory on the node.",
            ...rules({
              rule: "self.startsWith('/') && !self.contains('..')",
              message: "the path must be absolute and must not contain '..'",
            }),
          }),
      })
      .describe("A directory on the node. The workers of a node download the weights once.")
      .optional(),
    emptyDir: z
      .object({ sizeLimit: quantity("Maximum size of a worker's cache.", "20Gi").default("20Gi") })
      .describe("A temporary volume: every new worker downloads the weights again.")
      .optional(),
  })
  .meta({
    description: "Where downloaded weights are cached. Default: an emptyDir.",
    ...rules({
      rule: "[has(self.persistentVolumeClaim), has(self.claimTemplate), has(self.hostPath), has(self.emptyDir)].filter(x, x).size() == 1",
      message: "modelCache needs exactly one of persistentVolumeClaim, claimTemplate, hostPath and emptyDir",
    }),
  });

const keyRef = z.object({
  name: objectName("Name of the object."),
  key: dataKey("Key in the object."),
});

const envSchema = z
  .object({
    name: z
      .string()
      .max(256)
      .meta({
        description: "Name of the variable.",
        ...rules(
          {
            rule: "self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",
            message: "the name must consist of letters, digits and '_', and must not start with a digit",
          },
          {
            rule: `!(self in ${engineList(reservedEnv)})`,
            message: "the variable must not be one that the operator sets: use apiSecretRef, sessionsPerWorker or loadThreshold",
          },
        ),
      }),
    value: z.string().max(32_768).describe("Value of the variable.").optional(),
    valueFrom: z
      .object({
        secretKeyRef: keyRef.describe("A key of a Secret.").optional(),
        configMapKeyRef: keyRef.describe("A key of a ConfigMap.").optional(),
      })
      .meta({
        description: "Source of the value.",
        ...rules({
          rule: "has(self.secretKeyRef) != has(self.configMapKeyRef)",
          message: "valueFrom needs exactly one of secretKeyRef and configMapKeyRef",
        }),
      })
      .optional(),
  })
  .meta({
    description: "An environment variable of the worker.",
    ...rules({ rule: "!(has(self.value) && has(self.valueFrom))", message: "set value or valueFrom, not both" }),
  });

const tolerationSchema = z
  .object({
    key: z.string().max(316).describe("Taint key. Every key if absent.").optional(),
    operator: z.enum(["Exists", "Equal"]).describe("How the value is compared.").optional(),
    value: z.string().max(63).describe("Taint value.").optional(),
    effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).describe("Taint effect. Every effect if absent.").optional(),
    tolerationSeconds: count("How long a NoExecute taint is tolerated, in seconds.", 0, 2_147_483_647).optional(),
  })
  .describe(
    "A taint that workers tolerate. GPU groups tolerate the taint of their GPU by default: `nvidia.com/gpu` for every NVIDIA resource, else the name in `gpu.resourceName`.",
  );

const nonZeroSurge = rules({
  // The API server validates the empty default before it fills in the defaults of its fields.
  rule: "!has(self.maxSurge) || !has(self.maxUnavailable) || !((self.maxSurge == 0 || self.maxSurge == '0%') && (self.maxUnavailable == 0 || self.maxUnavailable == '0%'))",
  message: "maxSurge and maxUnavailable must not both be 0: no worker could ever be replaced",
});

const noDuplicates = rules({
  rule: "self.all(name, self.exists_one(other, other == name))",
  message: "the list must not name a preset twice: remove the duplicate",
});

export const workerGroupSchema = z
  .object({
    name: dnsLabel(20, "Name of the group, unique in the pool."),
    engine: z
      .enum(engineNames)
      .describe(
        `Kind of the workers: how they are run and launched. ${engineNames.map((name) => `${name}: ${engines[name].summary}.`).join(" ")}`,
      ),
    image: z
      .string()
      .min(1)
      .max(512)
      .meta({
        description:
          "Container image. Default: the engine's image, pinned to a version. The image of an essence worker is pulled from the registry of AvatarPool's own image.",
        ...rules({ rule: "!self.matches('[ \\t\\n]')", message: "an image must not contain white space" }),
      })
      .optional(),
    imagePullSecrets: listOf(z.object({ name: objectName("Name of the Secret.") }), "name", 8)
      .describe("Secrets for pulling the image.")
      .optional(),
    sessionsPerWorker: count("Sessions that one worker renders concurrently. Default: the engine's number.", 1, 64).optional(),
    loadThreshold: z
      .number()
      .meta({
        description:
          "Load from which on a worker takes no job, for engines to which LiveKit dispatches jobs. It must equal `load_threshold` of the agent. Default: the engine's, 0.7.",
        // A rule instead of bounds: the API server rounds a bound in its own message.
        ...rules({
          rule: "self > 0.0 && self < 1.0",
          message: "the value must be a share of the CPU between 0 and 1, such as 0.7",
        }),
      })
      .optional(),
    min: count("Minimum number of workers.", 0, MAX_WORKERS).default(0),
    max: count("Maximum number of workers.", 1, MAX_WORKERS),
    priority: count(
      "If several groups serve a preset, groups with a higher priority are filled first. Groups of equal priority: the cheapest slot by costPerHour first, then in the order of the list.",
      -1_000,
      1_000,
    ).default(0),
    costPerHour: z
      .number()
      .min(0)
      .max(1_000_000)
      .describe("Cost of one worker per hour, in any currency, the same for all groups. It orders groups of equal priority.")
      .optional(),
    presets: z
      .array(z.string().max(63))
      .min(1)
      .max(64)
      .meta({
        description: "Presets that this group's workers load. Default: every preset that its engine can load.",
        ...noDuplicates,
      })
      .optional(),
    gpu: gpuSchema.optional(),
    resources: resourcesSchema.optional(),
    helpers: helpersSchema.optional(),
    modelCache: modelCacheSchema.optional(),
    env: listOf(envSchema, "name", 64).describe("Additional environment variables.").optional(),
    runtimeClassName: objectName("Runtime class, such as nvidia.").optional(),
    nodeSelector: z.record(z.string(), z.string().max(63)).describe("Labels that a node must have.").optional(),
    tolerations: z.array(tolerationSchema).max(32).describe("Additional taints that workers tolerate.").optional(),
    affinity: passedOn("Affinity, as in a Pod.").optional(),
    topologySpreadConstraints: z
      .array(passedOn("As in a Pod."))
      .max(8)
      .describe("Topology spread constraints, as in a Pod.")
      .optional(),
    priorityClassName: objectName("Priority class of the pods.").optional(),
    podTemplate: podTemplateSchema.optional(),
    dialect: z
      .enum(dialects)
      .optional()
      .describe(
        "Format of launches to the workers. form: a form, multipart if it contains an image file. json: JSON as in the maker's cloud API, with mode, agent_id, image and the header api-secret. Default: the engine's format.",
      ),
    coldStart: duration("Expected time from a worker's creation until it is warm. Default: the engine's estimate.", {
      min: "1s",
      max: "1h",
    }).optional(),
    drain: z
      .object({
        timeout: duration(
          "Longest time that a worker waits for its sessions before it is removed. Then the sessions end, with an event.",
          {
            min: "0s",
            max: "24h",
          },
        ).default("1h"),
      })
      .describe("How workers are drained.")
      .prefault({}),
    rollout: z
      .object({
        maxSurge: countOrPercent("Workers above the desired number during a rollout.", MAX_WORKERS).default(1),
        maxUnavailable: countOrPercent("Workers that may be unavailable during a rollout.", MAX_WORKERS).default(0),
        onUpgrade: z
          .enum(["keep", "replace"])
          .default("keep")
          .describe(
            "Effect of an AvatarPool upgrade that renders the pod template differently. keep: the group keeps its template until its next change. replace: workers are replaced at once.",
          ),
      })
      .meta({ description: "How workers are replaced when the group's template changes.", ...nonZeroSurge })
      .prefault({}),
  })
  .meta({
    description: "Workers of one kind: exactly one Deployment.",
    ...rules(
      { rule: "self.min <= self.max", message: "min must not exceed max" },
      {
        rule: `!(self.engine in ${engineList(imagelessEngines)}) || has(self.image)`,
        message: "image must be set for an engine without a public image: use one that your cluster can pull",
      },
      {
        rule: `!(self.engine in ${engineList(cpuEngines)}) || !has(self.gpu)`,
        message: "gpu must not be set for a CPU engine: remove gpu, or use a GPU engine",
      },
      {
        rule: `!(self.engine in ${engineList(cachelessEngines)}) || !has(self.modelCache)`,
        message: "modelCache must not be set for an engine that downloads no weights: remove modelCache",
      },
      {
        rule: `!(self.engine in ${engineList(jobEngines)}) || (!has(self.presets) && !has(self.dialect))`,
        message: "presets and dialect must not be set for an engine that gets its sessions from LiveKit: remove them",
      },
      {
        rule: `self.engine in ${engineList(jobEngines)} || !has(self.loadThreshold)`,
        message: "loadThreshold must not be set for an engine that takes launches: remove loadThreshold",
      },
    ),
  });

export const workerGroupsSchema = listOf(workerGroupSchema, "name", 16)
  .min(1)
  .describe("Worker groups. They are filled in the order of priority, costPerHour and this list.");
