import { type ConditionReason, conditionReasons as reasons, conditionTypes as types } from "../../api/conditions.ts";
import type { OverflowError } from "../load/overflow-load.ts";
import type { GroupSnapshot, Snapshot } from "../snapshot.ts";
import { conditionOf, type PoolCondition } from "./condition.ts";
import { credentialsValid } from "./secret-conditions.ts";

/** Whether the pool has reached the account's session limit. It is not a reason to scale: the maker would reject new workers' sessions too. */
export function accountLimit(snapshot: Snapshot): PoolCondition {
  const { load, pool } = snapshot;
  const finding = conditionOf(types.accountLimit);
  if (load.accountErrors.has("noCredits"))
    return finding("True", reasons.noCredits, "workers report that the maker's account has no credits (402): buy credits");
  if (load.accountErrors.has("limit")) {
    const cure = "upgrade the plan, or set limits.maxSessions to the plan's limit, so that launches wait instead of being rejected";
    const limit = "workers report that the maker's account has reached its session limit (403)";
    return finding("True", reasons.concurrencyLimit, `${limit}: ${cure}`);
  }
  const { maxSessions } = pool.limits;
  const sessions = sessionsOf(snapshot);
  if (maxSessions !== undefined && sessions >= maxSessions) {
    const cure = "further launches wait until a session ends; raise limits.maxSessions if the maker's account allows more";
    const limit = `${sessions} sessions are running, and limits.maxSessions is ${maxSessions}`;
    return finding("True", reasons.sessionLimit, `${limit}: ${cure}`);
  }
  return finding("False", reasons.withinLimit, "the maker has not rejected a session recently");
}

/** Sessions as gateways count them against the limit: launches in flight and sessions on terminating workers are included. */
function sessionsOf({ groups }: Snapshot): number {
  const onGroup = ({ members }: GroupSnapshot) => members.workers.reduce((sum, { busy }) => sum + busy, members.terminatingBusy);
  return groups.reduce((sum, group) => sum + onGroup(group), 0);
}

/** Whether launches can overflow to the maker's cloud. Empty if overflow is disabled. */
export function overflowReady(snapshot: Snapshot): readonly PoolCondition[] {
  const { overflow, namespace, apiSecretRef } = snapshot.pool;
  if (overflow === undefined) return [];
  const finding = conditionOf(types.overflowReady);
  if (snapshot.credentials.kind === "no-secret" || snapshot.credentials.kind === "no-key") {
    const { reason, message } = credentialsValid(snapshot);
    return [finding("False", reason, message)];
  }
  const { error, sessions } = snapshot.load.overflow;
  const kind = snapshot.load.forbiddenSecrets.has(apiSecretRef.name) ? "secret_unreadable" : error?.kind;
  if (kind !== undefined) {
    const { reason, sentence } = problems[kind];
    return [finding("False", reason, `${sentence} (Secret ${namespace}/${apiSecretRef.name}, ${overflow.url})`)];
  }
  const budget = snapshot.pool.credits?.budget;
  if (budget?.stopOverflow === true && budget.exceeded)
    return [
      finding("False", reasons.budgetExceeded, "the pool has exceeded credits.budget: see the condition CreditsWithinBudget"),
    ];
  if (sessions >= overflow.maxSessions) {
    const cap = `overflow.maxSessions is reached: ${sessions} sessions count in the maker's cloud`;
    return [finding("False", reasons.overflowCapReached, `${cap}; raise overflow.maxSessions, or expect launches to wait`)];
  }
  const models = snapshot.pool.presets.filter(({ asset }) => asset.kind === "model").map(({ name }) => name);
  const but = models.length === 0 ? "" : `, except for ${models.join(", ")}: the cloud cannot load your .imx models`;
  return [finding("True", reasons.overflowAvailable, `launches that the pool cannot serve overflow to the maker's cloud${but}`)];
}

const problems: Readonly<Record<OverflowError["kind"], { readonly reason: ConditionReason; readonly sentence: string }>> = {
  unauthorized: { reason: reasons.secretRefused, sentence: "the maker's cloud rejects the API secret (401): renew the secret" },
  no_credits: {
    reason: reasons.noCredits,
    sentence: "the maker's account has no credits for sessions in the cloud (402), or is suspended: buy credits",
  },
  concurrency_limit: {
    reason: reasons.concurrencyLimit,
    sentence: "the maker's account has reached its session limit (403): upgrade the plan, or lower overflow.maxSessions",
  },
  rate_limited: {
    reason: reasons.overflowRateLimited,
    sentence: "the maker's cloud rate-limits this account (429): lower overflow.maxSessions, or upgrade the plan",
  },
  unavailable: {
    reason: reasons.overflowUnavailable,
    sentence: "the maker's cloud has no free worker (503): gateways retry with the next launches",
  },
  unreachable: {
    reason: reasons.overflowUnreachable,
    sentence: "gateways cannot reach the maker's cloud: check overflow.url and the gateways' egress from the cluster",
  },
  secret_unreadable: {
    reason: reasons.secretUnreadable,
    sentence: "gateways cannot read the API secret: set gateway.secretAccess in the chart's values",
  },
  unclear: {
    reason: reasons.overflowUnclear,
    sentence:
      "the maker's cloud closed the connection or did not respond, so that the result of some launches is unknown: check the gateways' logs",
  },
};
