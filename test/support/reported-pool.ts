import { conditionsOf } from "../../operator/pool/conditions/conditions.ts";
import { PoolMemory, type Reported, remember } from "../../operator/pool/memory.ts";
import { plan } from "../../operator/pool/plan.ts";
import { statusOf } from "../../operator/pool/report/status.ts";
import type { PoolView } from "../../operator/pool/views.ts";
import { snapshot, type WorldChange } from "./pools.ts";

/** What the operator reports of the pool in that world. */
export function reported(view: PoolView, change: WorldChange = {}): Reported {
  const memory = change.memory ?? new PoolMemory();
  const seen = snapshot(view, { ...change, memory });
  const planned = plan(seen);
  remember(memory, seen, planned);
  memory.decisions.add(planned.records);
  const status = statusOf(seen, planned, conditionsOf(seen, planned));
  memory.reported = { snapshot: seen, plan: planned, status };
  return memory.reported;
}
