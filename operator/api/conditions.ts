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

/** Conditions beside Ready that need a person, each with the status at which they do. The most urgent is first. */
export const troubles: readonly { readonly type: ConditionType; readonly status: "True" | "False" }[] = [
  { type: conditionTypes.credentialsValid, status: "False" },
  { type: conditionTypes.secretsUsable, status: "False" },
  { type: conditionTypes.accountLimit, status: "True" },
  { type: conditionTypes.atMaximum, status: "True" },
  { type: conditionTypes.warmCapacity, status: "False" },
  { type: conditionTypes.rolloutBlocked, status: "True" },
  { type: conditionTypes.startupObjective, status: "False" },
  { type: conditionTypes.overflowReady, status: "False" },
  { type: conditionTypes.creditsWithinBudget, status: "False" },
  { type: conditionTypes.templateCurrent, status: "False" },
];

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

/** Reasons with which a condition passes without a person. */
export const passingReasons: ReadonlySet<string> = new Set<ConditionReason>([
  conditionReasons.starting,
  conditionReasons.keptOnUpgrade,
]);
