import { conditionReasons as reasons } from "../../api/conditions.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { Refusal } from "../refusals/refusal.ts";
import type { Snapshot } from "../snapshot.ts";
import { admissionCure } from "./admission-cures.ts";
import type { Cause } from "./condition.ts";

/** Most important first: without its Deployment a group has no workers. */
const order: readonly string[] = ["deployments", "pods", "poddisruptionbudgets", "networkpolicies", "avatarpools"];

/** What a pool must have to be served and protected. Launches do not depend on what is kept of its learned demand. */
const isNeeded = ({ plural }: Refusal) => order.includes(plural);

/** The rejected writes that keep the pool from its desired state. */
export function whyRefused({ refusals, pool }: Snapshot): Cause | undefined {
  const needed = refusals.filter(isNeeded).sort((a, b) => order.indexOf(a.plural) - order.indexOf(b.plural));
  const [first, ...others] = needed;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? "" : `; ${others.length} more ${others.length === 1 ? "write is" : "writes are"} rejected`;
  return {
    reason: first.status === 0 ? reasons.nameTaken : reasons.writeRefused,
    message: `${refusalMessage(first, pool)}${more}`,
  };
}

/** The rejected request, the API server's message, and what to do. */
export function refusalMessage(refusal: Refusal, pool: PoolConfig): string {
  const { verb, kind, subresource, namespace, name, status, reason, said, retryAtMs } = refusal;
  if (status === 0) return said;
  const group = pool.groups.find(({ deploymentName }) => refusal.plural === "deployments" && deploymentName === name)?.name;
  const what = name === "" ? `every ${kind} of namespace ${namespace}` : `${kind} ${namespace}/${name}`;
  const object = subresource === undefined ? what : `the ${subresource} of ${what}`;
  const of = group === undefined ? "" : ` of group ${group}`;
  const action = verb === "get" ? "to read" : verb === "delete" ? "to delete" : "to write";
  const does = retryAtMs === undefined ? "fails" : "rejects the request";
  const again = retryAtMs === undefined ? "" : "; the operator retries every 5 minutes, and at once if the pool's spec changes";
  return `the API server ${does} ${action} ${object}${of} (${status} ${reason}): "${said}": ${cureOf(refusal, group)}${again}`;
}

function cureOf({ said, plural, status }: Refusal, group: string | undefined): string {
  const cure = admissionCure(said);
  if (cure !== undefined) return cure;
  if (group !== undefined && status === 422) return `correct this field in group ${group}`;
  if (plural === "networkpolicies" && status === 422) return "correct this field in networkPolicy of the pool";
  return plural === "pods" ? "check the pod and the cluster's admission rules" : "check the cluster's admission rules";
}
