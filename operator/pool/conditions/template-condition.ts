import { conditionReasons as reasons, conditionTypes as types } from "../../api/conditions.ts";
import { type ChosenTemplate, OLDEST_CONTRACT } from "../../resources/worker-template.ts";
import type { Plan } from "../plan.ts";
import { listed } from "../wording.ts";
import { conditionOf, type PoolCondition } from "./condition.ts";

const CURE = "change the group, or set workers[].rollout.onUpgrade to replace, at a time when its workers may be replaced";

/** Whether every group has this version's pod template, or keeps an older template through an upgrade. */
export function templateCurrent({ groups }: Plan): PoolCondition {
  const finding = conditionOf(types.templateCurrent);
  const kept = groups.flatMap((group) =>
    group.kind === "scale" && group.template.kept === "upgrade" ? [{ name: group.config.name, ...group.template }] : [],
  );
  const tooOld = kept.filter(({ contract }) => contract < OLDEST_CONTRACT);
  if (tooOld.length > 0) {
    const needed = `this version requires contract ${OLDEST_CONTRACT} or newer`;
    const effect = "new workers may never become warm, and may be removed before their sessions have ended";
    return finding("False", reasons.sidecarTooOld, `${namesOf(tooOld)}, ${needed}: ${effect}: ${CURE}`);
  }
  if (kept.length === 0) return finding("True", reasons.upToDate, "every group has the pod template of this version of AvatarPool");
  const why = "so that the upgrade replaced no workers; corrections of this version to the pod template do not reach these workers";
  return finding("False", reasons.keptOnUpgrade, `${namesOf(kept)}, ${why}: ${CURE}`);
}

type Kept = Pick<ChosenTemplate, "renderedBy" | "contract"> & { readonly name: string };

function namesOf(kept: readonly Kept[]): string {
  const each = listed(kept.map(({ name, renderedBy, contract }) => `${name} (${renderedBy}, contract ${contract})`));
  return kept.length === 1
    ? `group ${each} keeps the pod template of another version of AvatarPool`
    : `groups ${each} keep the pod templates of another version of AvatarPool`;
}
