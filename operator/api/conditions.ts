/** Types and reasons of the conditions in a pool's status. */

export const conditionTypes = {
  /** Every preset can be launched. */
  ready: "Ready",
  /** Every preset has as many warm slots as asked for. */
  warmCapacity: "WarmCapacity",
  /** Sessions start as fast as `objective.startup` says. */
  startupObjective: "StartupObjective",
  /** Workers are to be replaced, and cannot be. */
  rolloutBlocked: "RolloutBlocked",
  /** Every group has the pod template that this version of AvatarPool renders. */
  templateCurrent: "TemplateCurrent",
  /** More is wanted than the groups' maximum allows. */
  atMaximum: "AtMaximum",
  /** The maker's API secret is where the pool says, and workers are let in with it. */
  credentialsValid: "CredentialsValid",
  /** The other Secrets that the pool names hold what is looked for there. Only where it names some. */
  secretsUsable: "SecretsUsable",
  /** Launches that the pool cannot serve may go to the maker's cloud. Only where they are meant to. */
  overflowReady: "OverflowReady",
  /** The pool has all sessions that the maker's account allows. */
  accountLimit: "AccountLimit",
  /** Sizes are kept as they are because the user said so. */
  paused: "Paused",
} as const;

export type ConditionType = (typeof conditionTypes)[keyof typeof conditionTypes];

export const conditionReasons = {
  serving: "Serving",
  starting: "Starting",
  deleting: "Deleting",
  nameTaken: "NameTaken",
  podTemplateRefused: "PodTemplateRefused",
  secretNotFound: "SecretNotFound",
  secretKeyMissing: "SecretKeyMissing",
  secretFound: "SecretFound",
  secretUnknown: "SecretUnknown",
  secretRefused: "SecretRefused",
  noTokens: "NoTokens",
  secretUnreadable: "SecretUnreadable",
  overflowAvailable: "Available",
  overflowCapReached: "CapReached",
  overflowRateLimited: "RateLimited",
  overflowUnavailable: "Unavailable",
  overflowUnreachable: "Unreachable",
  overflowUnclear: "Unclear",
  withinLimit: "WithinLimit",
  concurrencyLimit: "ConcurrencyLimit",
  sessionLimit: "SessionLimit",
  noCredits: "NoCredits",
  unschedulable: "Unschedulable",
  /** The API server refuses a write of the operator. */
  writeRefused: "WriteRefused",
  workersRefused: "WorkersRefused",
  workerFailing: "WorkerFailing",
  warm: "Warm",
  short: "Short",
  scheduleUnreadable: "ScheduleUnreadable",
  objectiveMet: "ObjectiveMet",
  objectiveMissed: "ObjectiveMissed",
  noLaunches: "NoLaunches",
  upToDate: "UpToDate",
  rollingOut: "RollingOut",
  keptOnUpgrade: "KeptOnUpgrade",
  sidecarTooOld: "SidecarTooOld",
  stalled: "Stalled",
  startupMissed: "StartupMissed",
  belowMaximum: "BelowMaximum",
  demandExceedsMaximum: "DemandExceedsMaximum",
  paused: "Paused",
  running: "Running",
} as const;

export type ConditionReason = (typeof conditionReasons)[keyof typeof conditionReasons];
