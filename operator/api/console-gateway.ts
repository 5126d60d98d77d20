import { z } from "zod";

/**
 * What the leading operator requests from gateways for its console, on their internal port and with the token of the load stream.
 * A gateway of an older version responds 404 without an error code.
 */

/** With parameters as the gateway's router writes them. */
export const consoleRoutes = {
  /** GET: {@link gatewaySessionsSchema}. */
  sessions: "/console/:namespace/:pool/sessions",
  /** DELETE: {@link endedSchema}. */
  room: "/console/:namespace/:pool/sessions/:room",
  /** POST {@link gatewayLaunchSchema}: {@link gatewayLaunchedSchema}, also if the launch was rejected. */
  launch: "/console/:namespace/:pool/launch",
} as const;

/** The path of a route with these parameters. */
export function consolePath(route: keyof typeof consoleRoutes, parameters: Readonly<Record<string, string>>): string {
  return consoleRoutes[route].replace(/:(\w+)/g, (_match, name: string) => encodeURIComponent(parameters[name] ?? ""));
}

const stageSchema = z.object({ name: z.string(), ms: z.number() });

/** Unknown fields and values are accepted: gateways may be newer than the operator. */
export const gatewaySessionSchema = z.object({
  room: z.string(),
  state: z.string(),
  task_id: z.string(),
  worker: z.string(),
  group: z.string(),
  preset: z.string().exactOptional(),
  /** Arrival of the launch, if this gateway served it. */
  launched_at: z.string().exactOptional(),
  /** Stages of the start-up in order, as far as this gateway measured them. */
  stages: z.array(stageSchema).exactOptional(),
});

export const gatewaySessionsSchema = z.object({ sessions: z.array(gatewaySessionSchema), complete: z.boolean() });

export const endedSchema = z.object({ ended: z.number() });

/** The fields of a launch form. */
export const gatewayLaunchSchema = z.object({
  livekit_url: z.string(),
  livekit_token: z.string(),
  room_name: z.string(),
  avatar_id: z.string().exactOptional(),
});

export const gatewayLaunchedSchema = z.object({
  /** The status that a client would get. */
  status: z.number(),
  path: z.string().exactOptional(),
  stages: z.array(stageSchema),
  /** Of a rejected launch. */
  message: z.string().exactOptional(),
});

export const gatewayErrorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export type GatewaySession = z.output<typeof gatewaySessionSchema>;
export type GatewaySessions = z.output<typeof gatewaySessionsSchema>;
export type GatewayLaunch = z.output<typeof gatewayLaunchSchema>;
export type GatewayLaunched = z.output<typeof gatewayLaunchedSchema>;
