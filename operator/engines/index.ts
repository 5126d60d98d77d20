import type { AssetKind, Engine } from "./engine.ts";
import { essence } from "./essence.ts";
import { expression } from "./expression.ts";

export type * from "./engine.ts";
export { dialects } from "./engine.ts";

/** Every engine, by the name that a worker group gives. A new engine is a file beside this one and an entry here. */
export const engines = { expression, essence } as const satisfies Record<string, Engine>;

export type EngineName = keyof typeof engines;

export const engineNames = Object.keys(engines) as [EngineName, ...EngineName[]];

export function engineOf(name: EngineName): Engine {
  return engines[name];
}

/** The engine of a name that was read from an object's label, if there is one of that name. */
export function findEngine(name: string): Engine | undefined {
  return Object.hasOwn(engines, name) ? engines[name as EngineName] : undefined;
}

/** Names of the engines for which a property of theirs holds, in a stable order. */
export function enginesWhere(holds: (engine: Engine) => boolean): readonly EngineName[] {
  return engineNames.filter((name) => holds(engines[name]));
}

/** Whether an engine can load presets of this kind. */
export function canServe(engine: Engine, kind: AssetKind): boolean {
  return engine.serves.includes(kind);
}
