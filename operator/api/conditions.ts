/** Types and reasons of the conditions in a pool's status. */

export const conditionTypes = {
  /** Every preset can be launched. */
  ready: "Ready",
  /** Every preset has the requested number of warm slots. */
  warmCapacity: "WarmCapacity",
  /** Start-up times meet `objective.startup`. */
  startupObjective: "StartupObjective",
  /** A rollout cannot proceed. */
  rolloutBlocked: "RolloutBlocked",
  /** Every group has the pod template that this version of AvatarPool renders. */
  templateCurrent: "TemplateCurrent",
  /** Demand exceeds the groups' maximum. */
  atMaximum: "AtMaximum",
  /** The Secret with the maker's API secret exists, and the maker accepts it. */
  credentialsValid: "CredentialsValid",
  /** The other Secrets of the pool contain their keys. Present only if the pool names such Secrets. */
  secretsUsable: "SecretsUsable",
  /** Launches can overflow to the maker's cloud. Present only if overflow is enabled. */
  overflowReady: "OverflowReady",
  /** The pool's credits are within `credits.budget`. Present only if the pool has a budget. */
  creditsWithinBudget: "CreditsWithinBudget",
  /** The pool has reached the session limit of the maker's account. */
  accountLimit: "AccountLimit",
  /** The user paused scaling. */
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
  withinBudget: "WithinBudget",
  budgetExceeded: "BudgetExceeded",
  creditsUnreadable: "CreditsUnreadable",
  withinLimit: "WithinLimit",
  concurrencyLimit: "ConcurrencyLimit",
  sessionLimit: "SessionLimit",
  noCredits: "NoCredits",
  unschedulable: "Unschedulable",
  /** The API server rejects a write of the operator. */
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
