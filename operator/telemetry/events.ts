/** Reasons of the Kubernetes events that the operator records on a pool. */
export const eventReasons = {
  scaled: "Scaled",
  draining: "Draining",
  drainTimeout: "DrainTimeout",
  uncordoned: "Uncordoned",
  rolloutBlocked: "RolloutBlocked",
  rolloutResumed: "RolloutResumed",
  writeRefused: "WriteRefused",
  nameTaken: "NameTaken",
  notReady: "NotReady",
  ready: "Ready",
  budgetExceeded: "BudgetExceeded",
  budgetRenewed: "BudgetRenewed",
} as const;

export type EventReason = (typeof eventReasons)[keyof typeof eventReasons];
