import type { AssetKind, Engine, LaunchApi } from "./engine.ts";
import { essence } from "./essence.ts";
import { expression } from "./expression.ts";
import { livekitAgent } from "./livekit-agent.ts";

export type * from "./engine.ts";
export { dialects } from "./engine.ts";

/** All engines, by the name that a worker group uses. To add an engine, add a file in this folder and an entry here. */
export const engines = { expression, essence, "livekit-agent": livekitAgent } as const satisfies Record<string, Engine>;

export type EngineName = keyof typeof engines;

export const engineNames = Object.keys(engines) as [EngineName, ...EngineName[]];

export function engineOf(name: EngineName): Engine {
  return engines[name];
}

/** The engine with this name, which may come from the label of an object; undefined if there is none. */
export function findEngine(name: string): Engine | undefined {
  return Object.hasOwn(engines, name) ? engines[name as EngineName] : undefined;
}

/** Names of the engines that satisfy a predicate, in a stable order. */
export function enginesWhere(holds: (engine: Engine) => boolean): readonly EngineName[] {
  return engineNames.filter((name) => holds(engines[name]));
}

/**
 * How to launch a session on the workers of an engine.
 * @throws TypeError if they take no launches; the endpoint picker never picks such a worker.
 */
export function launchApiOf({ name, launches }: Engine): LaunchApi {
  if (launches === undefined) throw new TypeError(`the workers of engine ${name} take no launches`);
  return launches;
}

/** The engines whose sessions gateways launch and count, with the maker's credits per minute. */
export const chargedEngines: readonly ({ readonly name: EngineName } & Pick<LaunchApi, "creditsPerMinute">)[] = engineNames.flatMap(
  (name) => {
    const { launches }: Engine = engines[name];
    return launches === undefined ? [] : { name, creditsPerMinute: launches.creditsPerMinute };
  },
);

/** Whether an engine can load presets of this kind. */
export function canServe(engine: Engine, kind: AssetKind): boolean {
  return engine.serves.includes(kind);
}
