import { z } from "zod";
import { dialects, engineNames, engines, enginesWhere } from "../../engines/index.ts";
import { count, countOrPercent, dataKey, dnsLabel, duration, listOf, objectName, passedOn, quantity, rules } from "./fields.ts";
import { gpuSchema } from "./gpu.ts";
import { podTemplateSchema } from "./pod-template.ts";
import { helpersSchema, resourcesSchema } from "./resources.ts";

const MAX_WORKERS = 5_000;

const engineList = (names: readonly string[]) => `[${names.map((name) => `'${name}'`).join(", ")}]`;

const cpuEngines = enginesWhere((engine) => engine.accelerator === "cpu");
const imagelessEngines = enginesWhere((engine) => engine.defaultImage === undefined);

const cachelessEngines = enginesWhere((engine) => engine.volumes.every(({ source }) => source.kind !== "modelCache"));

/** Variables that the operator sets itself. */
const reservedEnv = [...new Set(engineNames.flatMap((name) => [engines[name].secretEnv, engines[name].sessionsEnv]))];

const modelCacheSchema = z
  .object({
    persistentVolumeClaim: z
      .object({ claimName: objectName("Name of a claim in the pool's namespace.") })
      .describe("An existing claim, shared by the group's workers: it must allow ReadWriteMany where they run on several nodes.")
      .optional(),
    claimTemplate: z
      .object({
        storageClassName: objectName("Storage class; the cluster's default where absent.").optional(),
        size: quantity("Size of each worker's volume, such as 20Gi.", "20Gi"),
      })
      .describe("A volume of its own for each worker, deleted with it.")
      .optional(),
    hostPath: z
      .object({
        path: z
          .string()
          .max(1024)
          .meta({
            description: "Folder on the node.",
            ...rules({ rule: "self.startsWith('/') && !self.contains('..')", message: "must be an absolute path without '..'" }),
          }),
      })
      .describe("A folder of the node, so that the workers of a node download the weights once.")
      .optional(),
    emptyDir: z
      .object({ sizeLimit: quantity("Most that a worker may store.", "20Gi").default("20Gi") })
      .describe("Nothing is kept: every new worker downloads the weights again.")
      .optional(),
  })
  .meta({
    description: "Where downloaded weights are kept between workers. Default: an emptyDir.",
    ...rules({
      rule: "[has(self.persistentVolumeClaim), has(self.claimTemplate), has(self.hostPath), has(self.emptyDir)].filter(x, x).size() == 1",
      message: "modelCache needs exactly one of persistentVolumeClaim, claimTemplate, hostPath and emptyDir",
    }),
  });

const keyRef = z.object({
  name: objectName("Name of the object."),
  key: dataKey("Key within it."),
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
            message: "must be letters, digits and '_', not beginning with a digit",
          },
          {
            rule: `!(self in ${engineList(reservedEnv)})`,
            message: "is set by the operator: use apiSecretRef for the secret and sessionsPerWorker for the number of sessions",
          },
        ),
      }),
    value: z.string().max(32_768).describe("Its value.").optional(),
    valueFrom: z
      .object({
        secretKeyRef: keyRef.describe("A key of a Secret.").optional(),
        configMapKeyRef: keyRef.describe("A key of a ConfigMap.").optional(),
      })
      .meta({
        description: "Where its value comes from.",
        ...rules({
          rule: "has(self.secretKeyRef) != has(self.configMapKeyRef)",
          message: "valueFrom needs exactly one of secretKeyRef and configMapKeyRef",
        }),
      })
      .optional(),
  })
  .meta({
    description: "An environment variable of the worker.",
    ...rules({ rule: "!(has(self.value) && has(self.valueFrom))", message: "give value or valueFrom, not both" }),
  });

const tolerationSchema = z
  .object({
    key: z.string().max(316).describe("Taint key; every key where absent.").optional(),
    operator: z.enum(["Exists", "Equal"]).describe("How the value is compared.").optional(),
    value: z.string().max(63).describe("Taint value.").optional(),
    effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).describe("Taint effect; every effect where absent.").optional(),
    tolerationSeconds: count("How long a NoExecute taint is tolerated.", 0, 2_147_483_647).optional(),
  })
  .describe(
    "A taint that workers tolerate. GPU groups tolerate the taint of their GPU without being told: `nvidia.com/gpu` for every resource of NVIDIA, else the name of `gpu.resourceName`.",
  );

const nonZeroSurge = rules({
  // The API server checks the empty default before it fills in the defaults within.
  rule: "!has(self.maxSurge) || !has(self.maxUnavailable) || !((self.maxSurge == 0 || self.maxSurge == '0%') && (self.maxUnavailable == 0 || self.maxUnavailable == '0%'))",
  message: "maxSurge and maxUnavailable cannot both be 0: no worker could ever be replaced",
});

const noDuplicates = rules({
  rule: "self.all(name, self.exists_one(other, other == name))",
  message: "names a preset twice",
});

export const workerGroupSchema = z
  .object({
    name: dnsLabel(20, "Name of the group, unique in the pool."),
    engine: z
      .enum(engineNames)
      .describe(
        `How its workers are run and spoken to. ${engineNames.map((name) => `${name}: ${engines[name].summary}.`).join(" ")}`,
      ),
    image: z
      .string()
      .min(1)
      .max(512)
      .meta({
        description: "Container image. Default: the engine's, pinned to a version.",
        ...rules({ rule: "!self.matches('[ \\t\\n]')", message: "must not contain white space" }),
      })
      .optional(),
    imagePullSecrets: listOf(z.object({ name: objectName("Name of the Secret.") }), "name", 8)
      .describe("Secrets for pulling the image.")
      .optional(),
    sessionsPerWorker: count("Sessions that one worker renders at once. Default: the engine's.", 1, 64).optional(),
    min: count("Fewest workers, however quiet it is.", 0, MAX_WORKERS).default(0),
    max: count("Most workers, whatever the pressure.", 1, MAX_WORKERS),
    priority: count(
      "Groups with a higher number are filled first, where several serve a preset. Equal ones: the group whose slot costs least by costPerHour, then in the order of the list.",
      -1_000,
      1_000,
    ).default(0),
    costPerHour: z
      .number()
      .min(0)
      .max(1_000_000)
      .describe("What one worker costs per hour, in any currency, the same for all groups. It orders groups of equal priority.")
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
    env: listOf(envSchema, "name", 64).describe("Further environment variables.").optional(),
    runtimeClassName: objectName("Runtime class, such as nvidia.").optional(),
    nodeSelector: z.record(z.string(), z.string().max(63)).describe("Labels that a node must carry.").optional(),
    tolerations: z.array(tolerationSchema).max(32).describe("Further taints that workers tolerate.").optional(),
    affinity: passedOn("Affinity of the pods, as in a Pod.").optional(),
    topologySpreadConstraints: z
      .array(passedOn("As in a Pod."))
      .max(8)
      .describe("How the pods are spread, as in a Pod.")
      .optional(),
    priorityClassName: objectName("Priority class of the pods.").optional(),
    podTemplate: podTemplateSchema.optional(),
    dialect: z
      .enum(dialects)
      .optional()
      .describe(
        "How workers are sent launches. form: as a form, multipart where an image file travels. json: as JSON like the maker's cloud API, with mode, agent_id, image and the header api-secret. Default: the engine's.",
      ),
    coldStart: duration("Expected time from a worker's creation until it is warm. Default: the engine's.", {
      min: "1s",
      max: "1h",
    }).optional(),
    drain: z
      .object({
        timeout: duration("Longest that a worker waits for its sessions when it must go. After that they end, with an event.", {
          min: "0s",
          max: "24h",
        }).default("1h"),
      })
      .describe("How workers are emptied.")
      .prefault({}),
    rollout: z
      .object({
        maxSurge: countOrPercent("Workers created beyond the wanted number while workers are replaced.", MAX_WORKERS).default(1),
        maxUnavailable: countOrPercent("Workers that may be missing while workers are replaced.", MAX_WORKERS).default(0),
        onUpgrade: z
          .enum(["keep", "replace"])
          .default("keep")
          .describe(
            "What an upgrade of AvatarPool does to workers whose pod template it renders differently. keep: none, the template stays until the group's next change. replace: they are replaced at once.",
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
        message: "this engine has no public image: set image to one that your cluster can pull",
      },
      {
        rule: `!(self.engine in ${engineList(cpuEngines)}) || !has(self.gpu)`,
        message: "this engine runs on the CPU: remove gpu, or use a GPU engine",
      },
      {
        rule: `!(self.engine in ${engineList(cachelessEngines)}) || !has(self.modelCache)`,
        message: "this engine downloads no weights: remove modelCache",
      },
    ),
  });

export const workerGroupsSchema = listOf(workerGroupSchema, "name", 16)
  .min(1)
  .describe("Groups of workers. They are filled in the order of priority, costPerHour and this list.");
