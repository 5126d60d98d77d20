// Made by `npm run generate` from operator/api/v1alpha1; do not edit.
// biome-ignore-all lint/suspicious/noExplicitAny: for integers or strings and for free-form objects, Pulumi's schema knows Any only.
import type * as pulumi from "@pulumi/pulumi";

/** What the user wants. */
export interface AvatarPoolSpecArgs {
  /** The maker's API secret. Workers get it as an environment variable; the operator never stores it. */
  apiSecretRef: pulumi.Input<ApiSecretRefArgs>;
  /** Avatars that workers keep loaded, so that sessions start fast. */
  presets: pulumi.Input<pulumi.Input<PresetArgs>[]>;
  /** Groups of workers. They are filled in the order of priority, costPerHour and this list. */
  workers: pulumi.Input<pulumi.Input<WorkerArgs>[]>;
  /** How much is kept warm. */
  warm?: pulumi.Input<WarmArgs>;
  /** What the pool is to achieve. */
  objective?: pulumi.Input<ObjectiveArgs>;
  /** How groups grow and shrink. */
  scaling?: pulumi.Input<ScalingArgs>;
  /** How launches are served. */
  launch?: pulumi.Input<LaunchArgs>;
  /** What bounds the pool from outside. */
  limits?: pulumi.Input<LimitsArgs>;
  /** Launches go to the maker's cloud when no group can serve them: all slots are taken, and no further worker can be ready before their deadline. They carry the secret of `apiSecretRef`, which the gateways must be able to read, and cost what the maker charges for a session in the cloud. Off where absent. */
  overflow?: pulumi.Input<OverflowArgs>;
  /** LiveKit server for what is done in rooms without a launch: warm-up by session, and ending sessions whose agent has left. Launches bring their own server and token. */
  livekit?: pulumi.Input<LivekitArgs>;
}

/** The maker's API secret. Workers get it as an environment variable; the operator never stores it. */
export interface ApiSecretRefArgs {
  /** Name of a Secret in the pool's namespace. */
  name: pulumi.Input<string>;
  /** Key of the Secret that holds the maker's API secret. */
  key?: pulumi.Input<string>;
}

/** A named avatar that workers keep loaded. */
export interface PresetArgs {
  /** Name by which launches ask for the preset (`avatar_id`). */
  name: pulumi.Input<string>;
  /** A face image, for engines that animate images. */
  image?: pulumi.Input<PresetImageArgs>;
  /** An `.imx` model, for engines that play models. */
  model?: pulumi.Input<PresetModelArgs>;
  /** Id of an avatar that the maker's service keeps. A launch may name the preset by this id. */
  avatarId?: pulumi.Input<string>;
  /** Further ids by which a launch may name the preset, such as the maker's ids that clients already send. No other preset of the pool may have the same id. */
  aliases?: pulumi.Input<pulumi.Input<string>[]>;
  /** Fewest slots kept free and warm for this preset, where `warm` would keep fewer. */
  warmSlots?: pulumi.Input<number>;
}

/** A face image, for engines that animate images. */
export interface PresetImageArgs {
  /** Where workers fetch the image. */
  url: pulumi.Input<string>;
}

/** An `.imx` model, for engines that play models. */
export interface PresetModelArgs {
  /** Where the model is fetched before a worker starts. */
  url: pulumi.Input<string>;
  /** SHA-256 of the file, in hexadecimal. A file that differs is refused. */
  sha256?: pulumi.Input<string>;
}

/** Workers of one kind: exactly one Deployment. */
export interface WorkerArgs {
  /** Name of the group, unique in the pool. */
  name: pulumi.Input<string>;
  /** How its workers are run and spoken to. expression: GPU worker that animates any face image. essence: CPU worker that plays pre-built .imx avatars. */
  engine: pulumi.Input<WorkerEngine>;
  /** Container image. Default: the engine's, pinned to a version. */
  image?: pulumi.Input<string>;
  /** Secrets for pulling the image. */
  imagePullSecrets?: pulumi.Input<pulumi.Input<WorkerImagePullSecretArgs>[]>;
  /** Sessions that one worker renders at once. Default: the engine's. */
  sessionsPerWorker?: pulumi.Input<number>;
  /** Fewest workers, however quiet it is. */
  min?: pulumi.Input<number>;
  /** Most workers, whatever the pressure. */
  max: pulumi.Input<number>;
  /** Groups with a higher number are filled first, where several serve a preset. Equal ones: the group whose slot costs least by costPerHour, then in the order of the list. */
  priority?: pulumi.Input<number>;
  /** What one worker costs per hour, in any currency, the same for all groups. It orders groups of equal priority. */
  costPerHour?: pulumi.Input<number>;
  /** Presets that this group's workers load. Default: every preset that its engine can load. */
  presets?: pulumi.Input<pulumi.Input<string>[]>;
  /** What a worker of a GPU engine requests. */
  gpu?: pulumi.Input<WorkerGpuArgs>;
  /** CPU and memory of a worker, over the engine's defaults name by name. The GPU is asked for under `gpu`. */
  resources?: pulumi.Input<WorkerResourcesArgs>;
  /** The containers of AvatarPool in a worker's pod: fetch-assets and drain-hook. */
  helpers?: pulumi.Input<WorkerHelpersArgs>;
  /** Where downloaded weights are kept between workers. Default: an emptyDir. */
  modelCache?: pulumi.Input<WorkerModelCacheArgs>;
  /** Further environment variables. */
  env?: pulumi.Input<pulumi.Input<WorkerEnvArgs>[]>;
  /** Runtime class, such as nvidia. */
  runtimeClassName?: pulumi.Input<string>;
  /** Labels that a node must carry. */
  nodeSelector?: pulumi.Input<{ [key: string]: pulumi.Input<string> }>;
  /** Further taints that workers tolerate. */
  tolerations?: pulumi.Input<pulumi.Input<WorkerTolerationArgs>[]>;
  /** Affinity of the pods, as in a Pod. */
  affinity?: pulumi.Input<{ [key: string]: any }>;
  /** How the pods are spread, as in a Pod. */
  topologySpreadConstraints?: pulumi.Input<pulumi.Input<{ [key: string]: any }>[]>;
  /** Priority class of the pods. */
  priorityClassName?: pulumi.Input<string>;
  /** An overlay on the worker's pod, the last word on what no other field says: see docs/pod-template.md. */
  podTemplate?: pulumi.Input<WorkerPodTemplateArgs>;
  /** How workers are sent launches. form: as a form, multipart where an image file travels. json: as JSON like the maker's cloud API, with mode, agent_id, image and the header api-secret. Default: the engine's. */
  dialect?: pulumi.Input<WorkerDialect>;
  /** Expected time from a worker's creation until it is warm. Default: the engine's. */
  coldStart?: pulumi.Input<string>;
  /** How workers are emptied. */
  drain?: pulumi.Input<WorkerDrainArgs>;
  /** How workers are replaced when the group's template changes. */
  rollout?: pulumi.Input<WorkerRolloutArgs>;
}

export const WorkerEngine = {
  Expression: "expression",
  Essence: "essence",
} as const;
export type WorkerEngine = (typeof WorkerEngine)[keyof typeof WorkerEngine];

export interface WorkerImagePullSecretArgs {
  /** Name of the Secret. */
  name: pulumi.Input<string>;
}

/** What a worker of a GPU engine requests. */
export interface WorkerGpuArgs {
  /** Extended resource that a worker requests: a whole GPU, a time-sliced share or a slice, such as nvidia.com/gpu, nvidia.com/mig-1g.10gb, amd.com/gpu or gpu.intel.com/i915. Default: nvidia.com/gpu, and none where `resourceClaims` is set. */
  resourceName?: pulumi.Input<string>;
  /** How many of the resource a worker requests. Default: 1. */
  count?: pulumi.Input<number>;
  /** Claims by which a worker gets its GPU, or a slice of one, through dynamic resource allocation. Needs Kubernetes 1.34 or newer: before, the API server drops or refuses these fields of a pod, and a worker would start without a GPU. Tolerations of tainted GPU nodes are set under `tolerations`. */
  resourceClaims?: pulumi.Input<pulumi.Input<WorkerGpuResourceClaimArgs>[]>;
}

/** A claim for devices. */
export interface WorkerGpuResourceClaimArgs {
  /** Name of the claim within the pod. */
  name: pulumi.Input<string>;
  /** Name of a ResourceClaim in the pool's namespace, which all workers of the group share. */
  resourceClaimName?: pulumi.Input<string>;
  /** Name of a ResourceClaimTemplate in the pool's namespace: each worker gets a claim of its own, which is deleted with it. */
  resourceClaimTemplateName?: pulumi.Input<string>;
  /** Name of the one request of the claim that the worker uses. Default: all of them. */
  request?: pulumi.Input<string>;
}

/** CPU and memory of a worker, over the engine's defaults name by name. The GPU is asked for under `gpu`. */
export interface WorkerResourcesArgs {
  /** Least that a worker is given. */
  requests?: pulumi.Input<{ [key: string]: pulumi.Input<any> }>;
  /** Most that it may use. */
  limits?: pulumi.Input<{ [key: string]: pulumi.Input<any> }>;
}

/** The containers of AvatarPool in a worker's pod: fetch-assets and drain-hook. */
export interface WorkerHelpersArgs {
  /** Resources of each of them, over the defaults name by name. */
  resources?: pulumi.Input<WorkerHelpersResourcesArgs>;
}

/** Resources of each of them, over the defaults name by name. */
export interface WorkerHelpersResourcesArgs {
  /** Least that each of them is given. */
  requests?: pulumi.Input<{ [key: string]: pulumi.Input<any> }>;
  /** Most that each of them may use. */
  limits?: pulumi.Input<{ [key: string]: pulumi.Input<any> }>;
}

/** Where downloaded weights are kept between workers. Default: an emptyDir. */
export interface WorkerModelCacheArgs {
  /** An existing claim, shared by the group's workers: it must allow ReadWriteMany where they run on several nodes. */
  persistentVolumeClaim?: pulumi.Input<WorkerModelCachePersistentVolumeClaimArgs>;
  /** A volume of its own for each worker, deleted with it. */
  claimTemplate?: pulumi.Input<WorkerModelCacheClaimTemplateArgs>;
  /** A folder of the node, so that the workers of a node download the weights once. */
  hostPath?: pulumi.Input<WorkerModelCacheHostPathArgs>;
  /** Nothing is kept: every new worker downloads the weights again. */
  emptyDir?: pulumi.Input<WorkerModelCacheEmptyDirArgs>;
}

/** An existing claim, shared by the group's workers: it must allow ReadWriteMany where they run on several nodes. */
export interface WorkerModelCachePersistentVolumeClaimArgs {
  /** Name of a claim in the pool's namespace. */
  claimName: pulumi.Input<string>;
}

/** A volume of its own for each worker, deleted with it. */
export interface WorkerModelCacheClaimTemplateArgs {
  /** Storage class; the cluster's default where absent. */
  storageClassName?: pulumi.Input<string>;
  /** Size of each worker's volume, such as 20Gi. */
  size: pulumi.Input<any>;
}

/** A folder of the node, so that the workers of a node download the weights once. */
export interface WorkerModelCacheHostPathArgs {
  /** Folder on the node. */
  path: pulumi.Input<string>;
}

/** Nothing is kept: every new worker downloads the weights again. */
export interface WorkerModelCacheEmptyDirArgs {
  /** Most that a worker may store. */
  sizeLimit?: pulumi.Input<any>;
}

/** An environment variable of the worker. */
export interface WorkerEnvArgs {
  /** Name of the variable. */
  name: pulumi.Input<string>;
  /** Its value. */
  value?: pulumi.Input<string>;
  /** Where its value comes from. */
  valueFrom?: pulumi.Input<WorkerEnvValueFromArgs>;
}

/** Where its value comes from. */
export interface WorkerEnvValueFromArgs {
  /** A key of a Secret. */
  secretKeyRef?: pulumi.Input<WorkerEnvValueFromSecretKeyRefArgs>;
  /** A key of a ConfigMap. */
  configMapKeyRef?: pulumi.Input<WorkerEnvValueFromConfigMapKeyRefArgs>;
}

/** A key of a Secret. */
export interface WorkerEnvValueFromSecretKeyRefArgs {
  /** Name of the object. */
  name: pulumi.Input<string>;
  /** Key within it. */
  key: pulumi.Input<string>;
}

/** A key of a ConfigMap. */
export interface WorkerEnvValueFromConfigMapKeyRefArgs {
  /** Name of the object. */
  name: pulumi.Input<string>;
  /** Key within it. */
  key: pulumi.Input<string>;
}

/** A taint that workers tolerate. GPU groups tolerate the taint of their GPU without being told: `nvidia.com/gpu` for every resource of NVIDIA, else the name of `gpu.resourceName`. */
export interface WorkerTolerationArgs {
  /** Taint key; every key where absent. */
  key?: pulumi.Input<string>;
  /** How the value is compared. */
  operator?: pulumi.Input<WorkerTolerationOperator>;
  /** Taint value. */
  value?: pulumi.Input<string>;
  /** Taint effect; every effect where absent. */
  effect?: pulumi.Input<WorkerTolerationEffect>;
  /** How long a NoExecute taint is tolerated. */
  tolerationSeconds?: pulumi.Input<number>;
}

export const WorkerTolerationOperator = {
  Exists: "Exists",
  Equal: "Equal",
} as const;
export type WorkerTolerationOperator = (typeof WorkerTolerationOperator)[keyof typeof WorkerTolerationOperator];

export const WorkerTolerationEffect = {
  NoSchedule: "NoSchedule",
  PreferNoSchedule: "PreferNoSchedule",
  NoExecute: "NoExecute",
} as const;
export type WorkerTolerationEffect = (typeof WorkerTolerationEffect)[keyof typeof WorkerTolerationEffect];

/** An overlay on the worker's pod, the last word on what no other field says: see docs/pod-template.md. */
export interface WorkerPodTemplateArgs {
  /** Labels and annotations of the pods. */
  metadata?: pulumi.Input<WorkerPodTemplateMetadataArgs>;
  /** Fields of a Pod's spec, merged into the worker's as `kubectl patch --type=strategic` does. The worker is the container `worker`. */
  spec?: pulumi.Input<{ [key: string]: pulumi.Input<any> }>;
}

/** Labels and annotations of the pods. */
export interface WorkerPodTemplateMetadataArgs {
  /** Further labels. */
  labels?: pulumi.Input<{ [key: string]: pulumi.Input<string> }>;
  /** Further annotations. */
  annotations?: pulumi.Input<{ [key: string]: pulumi.Input<string> }>;
}

export const WorkerDialect = {
  Form: "form",
  Json: "json",
} as const;
export type WorkerDialect = (typeof WorkerDialect)[keyof typeof WorkerDialect];

/** How workers are emptied. */
export interface WorkerDrainArgs {
  /** Longest that a worker waits for its sessions when it must go. After that they end, with an event. */
  timeout?: pulumi.Input<string>;
}

/** How workers are replaced when the group's template changes. */
export interface WorkerRolloutArgs {
  /** Workers created beyond the wanted number while workers are replaced. */
  maxSurge?: pulumi.Input<any>;
  /** Workers that may be missing while workers are replaced. */
  maxUnavailable?: pulumi.Input<any>;
  /** What an upgrade of AvatarPool does to workers whose pod template it renders differently. keep: none, the template stays until the group's next change. replace: they are replaced at once. */
  onUpgrade?: pulumi.Input<WorkerRolloutOnUpgrade>;
}

export const WorkerRolloutOnUpgrade = {
  Keep: "keep",
  Replace: "replace",
} as const;
export type WorkerRolloutOnUpgrade = (typeof WorkerRolloutOnUpgrade)[keyof typeof WorkerRolloutOnUpgrade];

/** How much is kept warm. */
export interface WarmArgs {
  /** Slots kept free and warm for every preset: a launch of any preset finds this many. auto: as many as objective.launchSuccess takes, by what was seen of launches, session lengths and start-ups; one per preset until something was seen. A number: that many. A percentage: that share of all slots, taken and free, but at least one. */
  slots?: pulumi.Input<any>;
  /** Times for which more is kept warm than `slots` says. Workers are started ahead, so that they are warm when a window begins; of windows that overlap the largest counts. */
  schedule?: pulumi.Input<pulumi.Input<WarmScheduleArgs>[]>;
  /** What makes a worker warm. */
  warmup?: pulumi.Input<WarmWarmupArgs>;
}

/** A time for which at least so much is kept warm. */
export interface WarmScheduleArgs {
  /** When the window begins: minute, hour, day of the month, month and day of the week, as in `0 8 * * 1-5`. */
  cron: pulumi.Input<string>;
  /** Time zone in which the pattern is read, as the IANA database names it; summer time is followed. */
  timeZone?: pulumi.Input<string>;
  /** How long the window lasts. */
  duration: pulumi.Input<string>;
  /** Slots kept free and warm for every preset within the window. */
  slots: pulumi.Input<number>;
}

/** What makes a worker warm. */
export interface WarmWarmupArgs {
  /** How a new worker is warmed before it counts as warm. pipeline: its rendering pipeline is exercised, which costs nothing. session: besides, a short real session per preset loads the preset, which costs one authentication each and needs `livekit`. */
  mode?: pulumi.Input<WarmWarmupMode>;
}

export const WarmWarmupMode = {
  Pipeline: "pipeline",
  Session: "session",
} as const;
export type WarmWarmupMode = (typeof WarmWarmupMode)[keyof typeof WarmWarmupMode];

/** What the pool is to achieve. */
export interface ObjectiveArgs {
  /** How fast sessions start. A session on a warm worker takes 4 to 6 s. */
  startup?: pulumi.Input<ObjectiveStartupArgs>;
  /** Share of the launches, in percent, that find a warm slot at once. `warm.slots: auto` keeps as much as this takes. */
  launchSuccess?: pulumi.Input<number>;
}

/** How fast sessions start. A session on a warm worker takes 4 to 6 s. */
export interface ObjectiveStartupArgs {
  /** Time from a launch's arrival until its session runs. */
  target?: pulumi.Input<string>;
  /** Share of the launches, in percent, that must be as fast. */
  percentile?: pulumi.Input<number>;
}

/** How groups grow and shrink. */
export interface ScalingArgs {
  /** How long a group must have been too large before workers are taken away. auto: as long as the forecast finds a worker cheaper to keep than to start again; 5m until it has seen enough. */
  scaleDownAfter?: pulumi.Input<string>;
  /** Most workers that one decision adds to a group. The next one follows when these exist. Default: 10, or half of the group's present size where that is more. */
  maxStep?: pulumi.Input<number>;
  /** Keep every group at its present size. Sessions and launches go on. */
  paused?: pulumi.Input<boolean>;
}

/** How launches are served. */
export interface LaunchArgs {
  /** Launches that found no free slot wait here. */
  queue?: pulumi.Input<LaunchQueueArgs>;
  /** Most workers that a launch is tried on in a row before it waits in the queue. */
  attempts?: pulumi.Input<number>;
  /** Whether a launch may bring its own face image instead of naming a preset. */
  allowCustomAvatars?: pulumi.Input<boolean>;
  /** Hosts on which the face images of launches may lie. Any host where absent: workers fetch what they are told. */
  imageHosts?: pulumi.Input<pulumi.Input<string>[]>;
  /** Origins of web pages that may launch from a browser and see sessions (CORS). None if absent. Whoever opens such a page can read its token: give the page a token of its own, with limits. */
  allowedOrigins?: pulumi.Input<pulumi.Input<string>[]>;
  /** Launches need a token: `Authorization: Bearer`, the header `api-secret`, or the field `api_secret`. Without this anybody who reaches a gateway may launch. */
  auth?: pulumi.Input<LaunchAuthArgs>;
}

/** Launches that found no free slot wait here. */
export interface LaunchQueueArgs {
  /** Most launches that wait at one gateway. Further ones are refused with 503 and Retry-After. */
  length?: pulumi.Input<number>;
  /** Longest that a launch waits for a slot. Clients hold a connection for about 305 s, so waiting beats refusing: a refused client gives up after 4 s. */
  deadline?: pulumi.Input<string>;
}

/** Launches need a token: `Authorization: Bearer`, the header `api-secret`, or the field `api_secret`. Without this anybody who reaches a gateway may launch. */
export interface LaunchAuthArgs {
  /** Secret whose every key is the name of a client and whose value is that client's token. Changes count within 10 s: to rotate, add a key, move the clients, remove the old key. */
  secretRef: pulumi.Input<LaunchAuthSecretRefArgs>;
  /** Most launches a minute of one token at one gateway; the minute's may come at once. */
  launchesPerMinute?: pulumi.Input<number>;
  /** Most launches of one token that wait or are being served at one gateway. */
  launchesAtOnce?: pulumi.Input<number>;
}

/** Secret whose every key is the name of a client and whose value is that client's token. Changes count within 10 s: to rotate, add a key, move the clients, remove the old key. */
export interface LaunchAuthSecretRefArgs {
  /** Name of a Secret in the pool's namespace. */
  name: pulumi.Input<string>;
}

/** What bounds the pool from outside. */
export interface LimitsArgs {
  /** Most sessions of the pool at once, such as the concurrency cap of the maker's account. Launches beyond it wait, and more workers are not started for them. */
  maxSessions?: pulumi.Input<number>;
}

/** Launches go to the maker's cloud when no group can serve them: all slots are taken, and no further worker can be ready before their deadline. They carry the secret of `apiSecretRef`, which the gateways must be able to read, and cost what the maker charges for a session in the cloud. Off where absent. */
export interface OverflowArgs {
  /** Most sessions that run in the cloud at once. Every gateway has an equal share of it: with fewer sessions than gateways, some of them send none. */
  maxSessions: pulumi.Input<number>;
  /** How long a launch waits for a slot of the pool before it may go to the cloud. One that would be refused goes at once. */
  after?: pulumi.Input<string>;
  /** How long a session in the cloud counts where nobody sees its end: the cloud does not tell. With `livekit` its room is looked at. */
  sessionLength?: pulumi.Input<string>;
  /** Where the cloud takes launches, in the JSON form of the maker's API. */
  url?: pulumi.Input<string>;
  /** Whether `url` may be an http:// URL. The API secret and the room's token then travel unencrypted. */
  insecure?: pulumi.Input<boolean>;
}

/** LiveKit server for what is done in rooms without a launch: warm-up by session, and ending sessions whose agent has left. Launches bring their own server and token. */
export interface LivekitArgs {
  /** WebSocket URL of the LiveKit server. */
  url: pulumi.Input<string>;
  /** Secret with the LiveKit API key and secret. */
  apiKeyRef: pulumi.Input<LivekitApiKeyRefArgs>;
  /** A session is ended when its agent has not been in its room for this long; its worker would keep it for ten minutes. Needs gateways that may read the Secret. */
  abandonedAfter?: pulumi.Input<string>;
}

/** Secret with the LiveKit API key and secret. */
export interface LivekitApiKeyRefArgs {
  /** Name of a Secret in the pool's namespace. */
  name: pulumi.Input<string>;
  /** Key of the Secret that holds the API key. */
  keyKey?: pulumi.Input<string>;
  /** Key of the Secret that holds the API secret. */
  secretKey?: pulumi.Input<string>;
}
