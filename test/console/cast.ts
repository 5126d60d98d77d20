import { ConsoleStage } from "../support/browser/console-stage.ts";
import type { Scenario } from "../support/scenario/index.ts";

/** The stage of all cases: pools in four namespaces, and people with different permissions. */
export interface Cast {
  readonly on: ConsoleStage;
  /** A pool that works. */
  readonly support: Scenario;
  /** A pool without its Secret. */
  readonly broken: Scenario;
  /** Tokens of people who may get every pool but the one in the namespace `hidden`. */
  readonly viewer: string;
  readonly editor: string;
}

export async function openCast(): Promise<Cast> {
  const on = await ConsoleStage.open();
  try {
    const { stage } = on;
    const support = await stage.scenario("support");
    const broken = await stage.scenario("broken", { secret: false });
    const forecast = await stage.scenario("forecast");
    const hidden = await stage.scenario("hidden");
    await broken.pool();
    await hidden.pool({ warm: { slots: 0 } });
    await forecast.pool({ warm: { slots: "auto" } });
    await support.readyPool({ warm: { slots: 2 } });
    await support.condition("WarmCapacity", { status: "True" });
    const viewer = await on.viewer("viewer", "view", [support, broken, forecast]);
    const editor = await on.viewer("editor", "edit", [support, broken, forecast]);
    return { on, support, broken, viewer, editor };
  } catch (error) {
    await on[Symbol.asyncDispose]();
    throw error;
  }
}

/** Ends the sessions of a case before the next one begins. */
export async function endAllSessions({ support }: Cast): Promise<void> {
  support.endSessions();
  await support.until("no session", async () => (await support.status()).sessions === 0);
}
