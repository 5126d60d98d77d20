import type { OutputFormat } from "../flags.ts";
import type { Print } from "../output.ts";
import { show } from "../show.ts";
import { type LaunchStep, type LaunchTools, seconds, type TestLaunch, testLaunch } from "./test-launch.ts";

/** Time without a response after which the launch is reported as waiting. */
const WAITING_MS = 1_500;

export interface LaunchDeps extends Omit<LaunchTools, "onStep"> {
  readonly print: Print;
  readonly hint: Print;
  /** Calls back after a time. @returns a function that cancels it. */
  readonly later: (ms: number, callback: () => void) => () => void;
}

/** `avatarpool launch`: prints each step when it is reached, or all steps as one document. */
export async function launch(launch: TestLaunch, output: OutputFormat, deps: LaunchDeps): Promise<void> {
  const { print, hint } = deps;
  const { pool, room, preset, keep = false } = launch;
  const live = output === "table" || output === "wide";
  const say = live ? print : hint;
  const steps: LaunchStep[] = [];
  say(`0.0 s  sent to pool ${pool.namespace}/${pool.name}, room ${room}`);
  const cancel = deps.later(WAITING_MS, () => say(`${seconds(WAITING_MS)}  queued: the launch waits for a free slot`));
  try {
    const onStep = (step: LaunchStep) => {
      cancel();
      steps.push(step);
      for (const line of stepLines(step)) say(line);
    };
    await testLaunch(launch, { ...deps, onStep });
  } finally {
    cancel();
  }
  if (keep) hint(`the session continues: end it by avatarpool sessions stop ${room} ${pool.name} -n ${pool.namespace}`);
  const result = { namespace: pool.namespace, name: pool.name, room, preset, ended: !keep, steps };
  if (!live) show(output, result, () => [], print);
}

function stepLines(step: LaunchStep): readonly string[] {
  const at = `${seconds(step.ms)}  `;
  switch (step.name) {
    case "forwarded": {
      const times = step.stages.map(({ name, ms }) => `${name} ${ms} ms`).join(", ");
      const where = step.worker === "" ? "to no worker of the cluster" : `to worker ${step.worker}`;
      return [`${at}forwarded ${where} (${step.path})${times === "" ? "" : `: ${times}`}`];
    }
    case "running":
      return [`${at}running on worker ${step.worker}`];
    case "joined":
      return [`${at}the avatar of worker ${step.worker} is in the room`];
    case "ended":
      return [`${at}ended`];
  }
}
