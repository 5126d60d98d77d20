import { type ConditionReason, conditionReasons as reasons, conditionTypes as types } from "../api/conditions.ts";
import type { Finding } from "./finding.ts";
import type { SecretProblem, Snapshot } from "./snapshot.ts";

/** Whether the maker's API secret is where the pool says, and workers are let in with it. */
export function credentialsValid({ credentials, pool, load }: Snapshot): Finding {
  const { name, key } = pool.apiSecretRef;
  const where = `Secret ${pool.namespace}/${name}`;
  const finding = (status: Finding["status"], reason: ConditionReason, message: string): Finding => ({
    type: types.credentialsValid,
    status,
    reason,
    message,
  });
  switch (credentials.kind) {
    case "present":
      if (load.accountErrors.has("unauthorized")) {
        const renew = "put a valid secret there and restart the workers, which read it when they start";
        return finding("False", reasons.secretRefused, `workers were refused with key ${key} of ${where} (401): ${renew}`);
      }
      return finding("True", reasons.secretFound, `${where} has the key ${key}`);
    case "no-secret": {
      const create = `kubectl -n ${pool.namespace} create secret generic ${name} --from-file=${key}=<file>`;
      return finding("False", reasons.secretNotFound, `${where} does not exist, so no worker is started: ${create}`);
    }
    case "no-key": {
      const present = credentials.keys.length === 0 ? "it has none" : `it has ${credentials.keys.join(", ")}`;
      return finding(
        "False",
        reasons.secretKeyMissing,
        `${where} has no key ${key} (${present}), so no worker is started: add it or correct apiSecretRef.key`,
      );
    }
    case "unknown":
      return finding("Unknown", reasons.secretUnknown, `${where} could not be looked at: ${credentials.why}`);
  }
}

/** Whether the other Secrets that the pool names can do their service; nothing where it names none. */
export function secretsUsable({ pool, secretProblems }: Snapshot): readonly Finding[] {
  if (pool.launch.auth === undefined && pool.livekit === undefined) return [];
  const type = types.secretsUsable;
  const [first] = secretProblems.toSorted((a, b) => Number(a.problem.kind === "unknown") - Number(b.problem.kind === "unknown"));
  if (first === undefined)
    return [{ type, status: "True", reason: reasons.secretFound, message: "every Secret that the pool names has what is needed" }];
  const message = secretProblems.map((problem) => sentenceOf(pool.namespace, problem)).join("; ");
  return [{ type, status: first.problem.kind === "unknown" ? "Unknown" : "False", reason: reasonOf(first), message }];
}

/** Without a client's token every launch is refused, whatever workers there are. */
export function whyNobodyMayLaunch({
  pool,
  secretProblems,
}: Snapshot): { readonly reason: ConditionReason; readonly message: string } | undefined {
  const problem = secretProblems.find(({ field }) => field === "launch.auth");
  if (problem === undefined || problem.problem.kind === "unknown") return undefined;
  return { reason: reasonOf(problem), message: sentenceOf(pool.namespace, problem) };
}

function reasonOf({ problem }: SecretProblem): ConditionReason {
  switch (problem.kind) {
    case "no-secret":
      return reasons.secretNotFound;
    case "no-keys":
      return reasons.secretKeyMissing;
    case "no-tokens":
      return reasons.noTokens;
    case "unknown":
      return reasons.secretUnknown;
  }
}

const consequences: Readonly<Record<SecretProblem["field"], string>> = {
  "launch.auth": "nobody can launch",
  "livekit.apiKeyRef": "webhooks are refused and sessions whose agent has left are not ended",
};

/** Arguments that would create each Secret as it should be. */
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
      return `${where} lacks ${problem.missing.join(" and ")}, ${so}: add what is missing, or correct the names in ${field}`;
    case "no-tokens":
      return `${where} has no token, ${so}: add a key for each client, with its token as the value`;
    case "unknown":
      return `${where} could not be looked at: ${problem.why}`;
  }
}
