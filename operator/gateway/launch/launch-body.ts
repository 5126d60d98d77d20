import type { PoolConfig } from "../../api/pool-config.ts";
import { type Engine, type LaunchRequest, launchApiOf } from "../../engines/index.ts";
import type { TraceContext } from "../../telemetry/trace-context.ts";
import type { PostBody } from "../../workers/client.ts";
import { encodeLaunch } from "../../workers/form.ts";

/** The request body for workers of an engine in a group. */
export type BodyFor = (engine: Engine, group: string) => PostBody;

/**
 * The request bodies of one launch, each encoded once: all workers of one engine and dialect receive the same bytes.
 */
export function launchBodies(pool: PoolConfig, request: LaunchRequest, headers: TraceContext): BodyFor {
  const made = new Map<string, PostBody>();
  return (engine, group) => {
    const api = launchApiOf(engine);
    const dialect = pool.groups.find(({ name }) => name === group)?.dialect ?? api.dialect;
    const key = `${engine.name} ${dialect}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const encoded = encodeLaunch(api.form(request), { engine, dialect });
    const body = { ...encoded, headers: { ...encoded.headers, ...headers } };
    made.set(key, body);
    return body;
  };
}
