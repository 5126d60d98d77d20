import { type ConditionReason, conditionReasons as reasons, conditionTypes as types } from "../../api/conditions.ts";
import type { SecretProblem, Snapshot } from "../snapshot.ts";
import { type Cause, conditionOf, type PoolCondition } from "./condition.ts";

/** Whether the maker's API secret exists and the maker accepts it. */
export function credentialsValid({ credentials, pool, load }: Snapshot): PoolCondition {
  const { name, key } = pool.apiSecretRef;
  const where = `Secret ${pool.namespace}/${name}`;
  const finding = conditionOf(types.credentialsValid);
  switch (credentials.kind) {
    case "present":
      if (load.accountErrors.has("unauthorized")) {
        const renew = "store a valid secret there and restart the workers, which read it when they start";
        return finding("False", reasons.secretRefused, `the maker rejects the secret in key ${key} of ${where} (401): ${renew}`);
      }
      return finding("True", reasons.secretFound, `${where} has the key ${key}`);
    case "no-secret": {
      const create = `kubectl -n ${pool.namespace} create secret generic ${name} --from-file=${key}=<file>`;
      return finding("False", reasons.secretNotFound, `${where} does not exist, so no worker is started: ${create}`);
    }
    case "no-key": {
      const present = credentials.keys.length === 0 ? "it has none" : `it has ${credentials.keys.join(", ")}`;
      const lacks = `${where} has no key ${key} (${present}), so no worker is started`;
      return finding("False", reasons.secretKeyMissing, `${lacks}: add it or correct apiSecretRef.key`);
    }
    case "unknown":
      return finding("Unknown", reasons.secretUnknown, `failed to read ${where}: ${credentials.why}`);
  }
}

/** Whether the pool's other Secrets are usable. Empty if the pool has none. */
export function secretsUsable(snapshot: Snapshot): readonly PoolCondition[] {
  const { pool } = snapshot;
  if (pool.launch.auth === undefined && pool.livekit === undefined) return [];
  const finding = conditionOf(types.secretsUsable);
  const problems = problemsOf(snapshot);
  const [first] = problems.toSorted((a, b) => Number(a.problem.kind === "unknown") - Number(b.problem.kind === "unknown"));
  if (first === undefined) return [finding("True", reasons.secretFound, "every Secret of the pool has the required keys")];
  const message = problems.map((problem) => sentenceOf(pool.namespace, problem)).join("; ");
  return [finding(first.problem.kind === "unknown" ? "Unknown" : "False", reasonOf[first.problem.kind], message)];
}

/** Without any client token every launch is rejected, whatever the workers' state. */
export function whyNoClientMayLaunch(snapshot: Snapshot): Cause | undefined {
  const found = problemsOf(snapshot).find(({ field }) => field === "launch.auth");
  if (found === undefined || found.problem.kind === "unknown") return undefined;
  return { reason: reasonOf[found.problem.kind], message: sentenceOf(snapshot.pool.namespace, found) };
}

/** Problems that the operator found, and Secrets that gateways are not allowed to read. */
function problemsOf({ pool, secretProblems, load }: Snapshot): readonly SecretProblem[] {
  const named = [
    { field: "launch.auth", name: pool.launch.auth?.secretRef.name },
    { field: "livekit.apiKeyRef", name: pool.livekit?.apiKeyRef.name },
  ] as const;
  const forbidden = named.flatMap(({ field, name }): SecretProblem[] => {
    const known = secretProblems.some((problem) => problem.field === field && problem.problem.kind !== "unknown");
    const isForbidden = name !== undefined && !known && load.forbiddenSecrets.has(name);
    return isForbidden ? [{ field, name, problem: { kind: "forbidden" } }] : [];
  });
  const found = secretProblems.filter(({ field }) => !forbidden.some((problem) => problem.field === field));
  return [...found, ...forbidden];
}

const reasonOf: Readonly<Record<SecretProblem["problem"]["kind"], ConditionReason>> = {
  "no-secret": reasons.secretNotFound,
  "no-keys": reasons.secretKeyMissing,
  "no-tokens": reasons.noTokens,
  forbidden: reasons.secretUnreadable,
  unknown: reasons.secretUnknown,
};

const consequences: Readonly<Record<SecretProblem["field"], string>> = {
  "launch.auth": "every launch is rejected",
  "livekit.apiKeyRef": "webhooks are rejected, and sessions whose agent has left are not ended",
};

/** kubectl arguments that create each Secret. */
const contents: Readonly<Record<SecretProblem["field"], string>> = {
  "launch.auth": "--from-literal=<client>=<token>",
  "livekit.apiKeyRef": "--from-file=<key>=<file>, for the two keys that livekit.apiKeyRef names",
};

function sentenceOf(namespace: string, { field, name, problem }: SecretProblem): string {
  const where = `Secret ${namespace}/${name} of ${field}`;
  const so = `so ${consequences[field]}`;
  switch (problem.kind) {
    case "no-secret":
      return `${where} does not exist, ${so}: kubectl -n ${namespace} create secret generic ${name} ${contents[field]}`;
    case "no-keys":
      return `${where} lacks ${problem.missing.join(" and ")}, ${so}: add the missing data, or correct the names in ${field}`;
    case "no-tokens":
      return `${where} has no token, ${so}: add a key for each client, with its token as the value`;
    case "forbidden":
      return `the gateways are not allowed to read ${where}, ${so}: set gateway.secretAccess in the chart's values`;
    case "unknown":
      return `failed to read ${where}: ${problem.why}`;
  }
}
