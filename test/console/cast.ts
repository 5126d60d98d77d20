import { ConsoleStage } from "../support/browser/console-stage.ts";
import type { Scenario } from "../support/scenario/index.ts";

/** The stage of all cases: pools in three namespaces, and people with different permissions. */
export interface Cast {
  readonly on: ConsoleStage;
  /** A pool that works. */
  readonly support: Scenario;
  /** A pool without its Secret. */
  readonly broken: Scenario;
  /** Tokens of a viewer and of an editor of `support` and `broken`. A third namespace has a pool that neither may get. */
  readonly viewer: string;
  readonly editor: string;
}

export async function openCast(): Promise<Cast> {
  const on = await ConsoleStage.open();
  try {
    const { stage } = on;
    const support = await stage.scenario("support");
    const broken = await stage.scenario("broken", { secret: false });
    const hidden = await stage.scenario("hidden");
    await broken.pool();
    await hidden.pool({ warm: { slots: 0 } });
    await support.readyPool({ warm: { slots: 2 } });
    await support.condition("WarmCapacity", { status: "True" });
    const viewer = await on.viewer("viewer", "view", [support, broken]);
    const editor = await on.viewer("editor", "edit", [support, broken]);
    return { on, support, broken, viewer, editor };
  } catch (error) {
    await on[Symbol.asyncDispose]();
    throw error;
  }
}
