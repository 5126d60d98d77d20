import { DECISIONS_PATH, decisionsSchema } from "../api/debug.ts";
import { poolKey } from "../api/pool-config.ts";
import { avatarPoolSchema, type DecisionStatus } from "../api/v1alpha1/index.ts";
import type { KubeClient } from "../kube/client.ts";
import { avatarPools } from "../kube/resource-types.ts";
import type { ObjectRef } from "../kube/types.ts";
import { type AskOperator, OperatorError } from "./ask-operator.ts";
import { noSuchPool } from "./cluster.ts";
import { usageError } from "./exit.ts";
import type { OutputFormat } from "./flags.ts";
import type { Print } from "./output.ts";
import { show } from "./show.ts";
import { storyLines } from "./story.ts";

export interface ExplainOptions extends ObjectRef {
  /** Maximum number of changes to print, newest first. */
  readonly limit: number;
  readonly output: OutputFormat;
}

/**
 * `avatarpool explain`: why each group has its size, and the latest changes. If the operator is unreachable, it prints the last
 * decision from the pool's status and a hint with the reason.
 * @throws Error with a remedy if the pool does not exist or cannot be read.
 */
export async function explain(
  { client, ask }: { readonly client: Pick<KubeClient, "get">; readonly ask: AskOperator },
  { limit, output, ...pool }: ExplainOptions,
  print: Print,
  hint: Print,
): Promise<void> {
  const key = poolKey(pool);
  try {
    const answer = await ask(DECISIONS_PATH, { pool: key });
    const reported = decisionsSchema.safeParse(answer);
    if (!reported.success)
      throw new OperatorError("the operator's response has an unknown format: use the CLI of the operator's version");
    const story = { ...reported.data, changes: reported.data.changes.slice(0, limit) };
    show(output, story, () => storyLines(story), print);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const lastDecision = await lastDecisionOf(client, pool);
    hint(`Only the last decision is available, from the pool's status: ${error.message}`);
    show(output, { pool: key, lastDecision }, () => lastDecisionLines(key, lastDecision), print);
  }
}

function lastDecisionLines(key: string, decision: DecisionStatus | undefined): readonly string[] {
  if (decision === undefined) return [`AvatarPool ${key}: no decision yet`];
  const { time, group, from, to, reason } = decision;
  return [`AvatarPool ${key}, last decision`, `  ${time}  ${group} ${from} -> ${to}`, `    ${reason}`];
}

async function lastDecisionOf(client: Pick<KubeClient, "get">, pool: ObjectRef): Promise<DecisionStatus | undefined> {
  const found = await client.get(avatarPools, pool);
  if (found === undefined) throw noSuchPool(pool);
  return avatarPoolSchema.safeParse(found).data?.status?.lastDecision;
}

/** @throws Error that states the valid values. */
export function limitOf(text: string | undefined): number {
  const limit = Number(text ?? 10);
  if (Number.isInteger(limit) && limit >= 0) return limit;
  throw usageError(`--limit ${text}: expected a whole number of changes`);
}
