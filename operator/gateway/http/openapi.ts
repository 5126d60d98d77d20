import { z } from "zod";
import { launchFields } from "../admission/launch-fields.ts";
import { launchErrors, sessionErrors } from "../errors.ts";
import { launchPaths } from "../sessions/launch-path.ts";
import { errorBodySchema, jsonFields, launchedSchema, multipartFields } from "./launch-schemas.ts";
import { sessionsSchema } from "./session-schemas.ts";

type Errors = Readonly<Record<string, { readonly status: number; readonly meaning: string }>>;

/** Pools without launch.auth require no token. */
const security = [{ bearer: [] }, { apiSecret: [] }, {}];
const poolParameters = [pathParameter("namespace", "Namespace of the pool."), pathParameter("pool", "Name of the pool.")];
const { session_not_found } = sessionErrors;
const { unauthorized, pool_not_found, pool_unknown, auth_unavailable, internal } = launchErrors;
const sharedErrors = { unauthorized, pool_not_found, pool_unknown, auth_unavailable, internal };

/** The launch API as an OpenAPI 3.1 document, generated from the schemas that validate launches. */
export function openApi() {
  return {
    openapi: "3.1.0",
    info: {
      title: "AvatarPool launch API",
      version: "v1alpha1",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description: "Starts, lists and ends avatar sessions. One URL accepts every launch format.",
    },
    servers: [{ url: "/" }],
    paths: {
      "/{namespace}/{pool}/launch": {
        parameters: poolParameters,
        post: launchOperation("launch", "Starts a session in a pool."),
      },
      "/{namespace}/{pool}/sessions": {
        parameters: poolParameters,
        get: sessionsOperation("listSessions", "Lists the pool's live sessions and recently lost ones.", sharedErrors),
      },
      "/{namespace}/{pool}/sessions/{room}": {
        parameters: [...poolParameters, pathParameter("room", "LiveKit room.")],
        get: sessionsOperation("getSessions", "Lists a room's sessions, live and recently ended ones.", {
          ...sharedErrors,
          session_not_found,
        }),
        delete: sessionsOperation("endSessions", "Ends a room's sessions.", { ...sharedErrors, ...sessionErrors }),
      },
      "/{namespace}/{pool}/livekit-webhook": {
        parameters: poolParameters,
        post: {
          operationId: "livekitWebhook",
          summary: "Receives a webhook of the pool's LiveKit server, signed with the key of livekit.apiKeyRef.",
          requestBody: { required: true, content: { "application/webhook+json": { schema: { type: "object" } } } },
          responses: { "200": { description: "Accepted." }, ...errorResponses(sharedErrors) },
        },
      },
      "/launch": { post: launchOperation("launchDefault", "Starts a session in the gateway's default pool.") },
    },
    components: {
      schemas: { Launched: schemaOf(launchedSchema), Sessions: schemaOf(sessionsSchema), Error: schemaOf(errorBodySchema) },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A token of the pool's launch.auth." },
        apiSecret: {
          type: "apiKey",
          in: "header",
          name: "api-secret",
          description: "The same token, in the header that the JSON form uses.",
        },
      },
    },
  };
}

function launchOperation(operationId: string, summary: string) {
  return {
    operationId,
    summary,
    description: "A launch that finds no free slot waits: a response may take minutes. Do not retry before it arrives.",
    security,
    parameters: [
      {
        name: "async",
        in: "query",
        description: "Same as the field async_mode. It takes precedence over the field.",
        schema: schemaOf(launchFields.shape.async_mode),
      },
      { name: "traceparent", in: "header", description: "W3C Trace Context, passed on to the worker.", schema: { type: "string" } },
    ],
    requestBody: {
      required: true,
      content: {
        "multipart/form-data": { schema: schemaOf(multipartFields) },
        "application/x-www-form-urlencoded": { schema: schemaOf(launchFields) },
        "application/json": { schema: schemaOf(jsonFields) },
      },
    },
    responses: {
      "2XX": {
        description:
          "The worker has accepted the launch. The body is the worker's own response, without a task_id if the launch went to the maker's cloud.",
        headers: {
          "x-avatarpool-worker": {
            description: "The worker's pod. Empty if no worker received the launch.",
            schema: { type: "string" },
          },
          "x-avatarpool-path": {
            description: "How the launch was served. overflow: by the maker's cloud.",
            schema: { type: "string", enum: launchPaths },
          },
          "server-timing": {
            description: "Milliseconds of the stages queue, pick and forward, such as `queue;dur=0, pick;dur=1, forward;dur=27`.",
            schema: { type: "string" },
          },
        },
        content: { "application/json": { schema: { $ref: "#/components/schemas/Launched" } } },
      },
      ...errorResponses(launchErrors),
    },
  };
}

function sessionsOperation(operationId: string, summary: string, errors: Errors) {
  return {
    operationId,
    summary,
    security,
    responses: {
      "200": {
        description: "Sessions as their workers report them.",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Sessions" } } },
      },
      ...errorResponses(errors),
    },
  };
}

/** One response for each status, with all codes of that status. */
function errorResponses(errors: Errors) {
  const byStatus = new Map<number, string[]>();
  for (const [code, { status, meaning }] of Object.entries(errors)) {
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${meaning}`]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, meanings]) => [
      String(status),
      {
        description: meanings.join("\n\n"),
        ...(status === 429 || status === 503
          ? { headers: { "retry-after": { description: "Seconds after which to retry.", schema: { type: "integer" } } } }
          : {}),
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    ]),
  );
}

function pathParameter(name: string, description: string) {
  return { name, in: "path", required: true, description, schema: { type: "string" } };
}

function schemaOf(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}
