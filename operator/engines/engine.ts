/**
 * An engine is a record of data: how one kind of worker is run, probed, warmed up and called. Code reads the properties of a
 * worker from this record and never switches on the name of an engine.
 */

/** Kinds of preset assets. {@link Engine.serves} lists those that an engine can load. */
export type AssetKind = "image" | "model" | "avatarId";

/** The source of a preset, as in the spec of the pool. */
export type PresetAsset =
  | { readonly kind: "image"; readonly url: string }
  | { readonly kind: "model"; readonly url: string; readonly sha256?: string | undefined }
  | { readonly kind: "avatarId"; readonly avatarId: string };

/** The avatar that a launch requests. */
export type AvatarChoice =
  | { readonly kind: "preset"; readonly name: string; readonly asset: PresetAsset }
  | { readonly kind: "imageUrl"; readonly url: string }
  | { readonly kind: "imageFile"; readonly file: UploadedFile };

export interface UploadedFile {
  readonly filename: string;
  readonly contentType: string;
  readonly data: Buffer;
}

/** The request of a client, independent of its dialect. */
export interface LaunchRequest {
  readonly livekitUrl: string;
  readonly livekitToken: string;
  readonly roomName: string;
  readonly avatar: AvatarChoice;
  readonly asyncMode: boolean;
  readonly prompt?: string;
  readonly apiSecret?: string;
}

/** The form for a worker: text fields and at most one file. Multipart with a file, urlencoded without. */
export interface WorkerForm {
  readonly fields: Readonly<Record<string, string>>;
  readonly file?: { readonly field: string } & UploadedFile;
}

/** A request that exercises a worker's pipeline once without starting a session. */
export interface WarmupCall {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly timeoutMs: number;
}

export interface VolumeSpec {
  readonly name: string;
  readonly mountPath: string;
  /** `memory`: a tmpfs with this size limit. `modelCache`: the group's `modelCache`. `assets`: filled before the worker starts. */
  readonly source:
    | { readonly kind: "memory"; readonly sizeLimit: string }
    | { readonly kind: "modelCache" }
    | { readonly kind: "assets" };
}

/** The body format of a launch: a form, or the JSON of the maker's cloud API. */
export const dialects = ["form", "json"] as const;
export type Dialect = (typeof dialects)[number];

/** The HTTP API of workers that take launches. */
export interface LaunchApi {
  readonly path: string;
  /** Path of the list of sessions. A session is at `tasks/ID`, and ends with a POST to `tasks/ID/stop`. */
  readonly tasks: string;
  /** Default dialect of the launches. */
  readonly dialect: Dialect;
  /** The fields that start a session, in any dialect. */
  readonly form: (request: LaunchRequest) => WorkerForm;
  /** How long a worker keeps a session without participants, unless the session is ended. */
  readonly idleTimeoutMs: number;
  /** Credits per minute of a session, as the maker documents them: on the user's own worker, and in the maker's cloud. */
  readonly creditsPerMinute: { readonly selfHosted: number; readonly cloud: number };
}

/** What LiveKit's agent servers have in common. */
export interface JobApi {
  /** Default load from which on a worker takes no job. */
  readonly loadThreshold: number;
  /** Environment variables with the settings of the pool that the agent needs. */
  readonly env: {
    readonly livekitUrl: string;
    readonly livekitKey: string;
    readonly livekitSecret: string;
    readonly loadThreshold: string;
  };
}

export interface Engine {
  readonly name: string;
  /** One sentence for documentation and messages. */
  readonly summary: string;
  readonly accelerator: "gpu" | "cpu";
  /**
   * Image of the workers, unless the group names one. A name without a registry is an image of this repository, which is pulled from
   * where AvatarPool's own image is. Absent if the group must name an image.
   */
  readonly defaultImage?: string;
  /** HTTP port of the worker. */
  readonly port: number;
  /** Kinds of presets it can load. */
  readonly serves: readonly AssetKind[];
  /** Whether a launch may contain a custom face image. */
  readonly customAvatars: boolean;
  /** Default number of concurrent sessions per worker. */
  readonly sessionsPerWorker: number;
  /** Expected time from the creation of a pod until it is warm, used before the first measurement. */
  readonly coldStartMs: number;
  /** `sessions`: the path whose answer counts the sessions of a worker, also while the worker drains. */
  readonly paths: { readonly health: string; readonly ready: string; readonly sessions: string };
  /** Present if gateways send launches to the workers. */
  readonly launches?: LaunchApi;
  /** Present if LiveKit dispatches jobs to the workers. Each job is a session, which is only counted: it has no id here. */
  readonly jobs?: JobApi;
  /**
   * What delays the end of a worker until its last session. `hook`: a preStop hook, because SIGTERM ends the worker. `worker`:
   * SIGTERM makes the worker refuse new sessions and exit after its last one, so nothing may delay the signal.
   */
  readonly drainedBy: "hook" | "worker";
  /** Period of the startup probe, and the time limit after which the kubelet restarts the container. */
  readonly startup: { readonly periodSeconds: number; readonly limitSeconds: number };
  readonly warmup: readonly WarmupCall[];
  /** Time from the start of the process until it can get sessions, if its answers show that too early. */
  readonly settleMs?: number;
  /** Environment variable with the maker's API secret. */
  readonly secretEnv: string;
  /** Default environment variables, which a group's `env` may override. */
  readonly env: Readonly<Record<string, string>>;
  /** Environment variable with the sessions per worker. */
  readonly sessionsEnv?: string;
  /** Environment variable with the seconds for which a worker continues its sessions after SIGTERM. A group's `env` may override it. */
  readonly drainEnv?: string;
  /** The variable of a group's `env` with which its workers need no models, so none are downloaded. */
  readonly withoutModels?: { readonly name: string; readonly value: string };
  readonly volumes: readonly VolumeSpec[];
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
}
