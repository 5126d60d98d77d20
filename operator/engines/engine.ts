/**
 * An engine is a record of data: how one kind of worker is run, probed, warmed up and spoken to.
 * Whoever needs to know something about a kind of worker reads it here; nobody switches on an engine's name.
 */

/** How a preset can be given. Which of them an engine can load is {@link Engine.serves}. */
export type AssetKind = "image" | "model" | "avatarId";

/** Where a preset comes from, as the pool states it. */
export type PresetAsset =
  | { readonly kind: "image"; readonly url: string }
  | { readonly kind: "model"; readonly url: string; readonly sha256?: string | undefined }
  | { readonly kind: "avatarId"; readonly avatarId: string };

/** The avatar that a launch asks for. */
export type AvatarChoice =
  | { readonly kind: "preset"; readonly name: string; readonly asset: PresetAsset }
  | { readonly kind: "imageUrl"; readonly url: string }
  | { readonly kind: "imageFile"; readonly file: UploadedFile };

export interface UploadedFile {
  readonly filename: string;
  readonly contentType: string;
  readonly data: Buffer;
}

/** What a client asks for, whatever the dialect it asked in. */
export interface LaunchRequest {
  readonly livekitUrl: string;
  readonly livekitToken: string;
  readonly roomName: string;
  readonly avatar: AvatarChoice;
  readonly asyncMode: boolean;
  readonly prompt?: string;
  readonly apiSecret?: string;
}

/** The form that a worker is sent: text fields, and at most one file. Multipart with a file, urlencoded without. */
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
  /** `memory`: RAM-backed and of this size at most. `modelCache`: what the group's `modelCache` says. `assets`: filled before start. */
  readonly source:
    | { readonly kind: "memory"; readonly sizeLimit: string }
    | { readonly kind: "modelCache" }
    | { readonly kind: "assets" };
}

/** How a launch is written: as a form, or as the JSON of the maker's cloud API. */
export const dialects = ["form", "json"] as const;
export type Dialect = (typeof dialects)[number];

export interface Engine {
  readonly name: string;
  /** One sentence for documentation and messages. */
  readonly summary: string;
  readonly accelerator: "gpu" | "cpu";
  /** Absent where no public image exists: the group must name one. */
  readonly defaultImage?: string;
  /** HTTP port of the worker. */
  readonly port: number;
  /** Kinds of presets it can load. */
  readonly serves: readonly AssetKind[];
  /** Whether a launch may bring a face image that is no preset. */
  readonly customAvatars: boolean;
  /** Sessions that one worker renders at once, where the group does not say. */
  readonly sessionsPerWorker: number;
  /** Expected time from a pod's creation until it is warm, until it was measured. */
  readonly coldStartMs: number;
  readonly paths: { readonly health: string; readonly ready: string; readonly launch: string; readonly tasks: string };
  /** How long its workers keep a session that everybody has left, unless they are told to end it. */
  readonly idleTimeoutMs: number;
  /** The startup probe's period, and how long a start may take before the container is restarted. */
  readonly startup: { readonly periodSeconds: number; readonly limitSeconds: number };
  readonly warmup: readonly WarmupCall[];
  /** Environment variable that carries the maker's API secret. */
  readonly secretEnv: string;
  /** Variables that are the same in every pool, unless a group's `env` says otherwise. */
  readonly env: Readonly<Record<string, string>>;
  /** Environment variable that is set to the sessions per worker. */
  readonly sessionsEnv?: string;
  readonly volumes: readonly VolumeSpec[];
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  /** How its workers are sent launches, where the group does not say. */
  readonly dialect: Dialect;
  /** The fields that start a session, whatever the dialect. */
  readonly launchForm: (request: LaunchRequest) => WorkerForm;
}
