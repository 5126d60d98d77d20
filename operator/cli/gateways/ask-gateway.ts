import type { V1Pod } from "@kubernetes/client-node";
import { errorBodySchema } from "../../gateway/http/launch-schemas.ts";
import type { KubeClient, PodPort, PodRequest } from "../../kube/client.ts";
import type { KubeError } from "../../kube/errors.ts";
import { pods } from "../../kube/resource-types.ts";
import type { RawResponse } from "../../kube/transport.ts";
import type { Json } from "../../kube/types.ts";
import { parsedJson } from "../../runtime/parsed-json.ts";
import { hideSecrets } from "../../workers/hide-secrets.ts";
import { CommandError } from "../exit.ts";
import { reasonOf } from "../reason-of.ts";
import { isMissingRight, missingRight } from "../rights.ts";
import { GATEWAY_SELECTOR } from "../selectors.ts";

export interface GatewayRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path of the launch API, such as `/avatars/support/sessions`. */
  readonly path: string;
  readonly form?: URLSearchParams;
  /** Launch token of a pool with `launch.auth`. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Sends a request to one of the gateways. @throws GatewayError without a response; an error status is a response. */
export type AskGateway = (request: GatewayRequest) => Promise<RawResponse>;

/** No gateway responded, or a gateway rejected the request. The message says what to do. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  /** HTTP status of the gateway; undefined without a response. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

const TIMEOUT_MS = 15_000;
/** Gateways that one request tries, if the first ones cannot be reached. */
const MAX_GATEWAYS = 3;
/** The API server removes Authorization from requests that it forwards. Gateways read this header too. */
const TOKEN_HEADER = "api-secret";

/** Sends requests to a gateway at a URL, such as that of its Service. */
export function askGatewayByUrl(url: string): AskGateway {
  const base = url.replace(/\/+$/, "");
  return async ({ method, path, form, token, signal, timeoutMs = TIMEOUT_MS }) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(base + path, {
        method,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(form && { body: form }),
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
        redirect: "manual",
      });
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
    } catch (error) {
      throw new GatewayError(`no response from ${base}${path}: ${reasonOf(error)}`);
    }
  };
}

type Client = Pick<KubeClient, "list" | "sendToPod">;
type Pod = Json<V1Pod>;

/** Sends requests through the API server to a ready gateway pod of a namespace. A launch is sent to one gateway only. */
export function askGatewayThroughApiServer(client: Client, namespace: string): AskGateway {
  return async (request) => {
    const gateways = await readyGateways(client, namespace);
    const tries = request.method === "POST" ? 1 : MAX_GATEWAYS;
    let failure: unknown;
    for (const pod of gateways.slice(0, tries)) {
      try {
        return await client.sendToPod({ namespace, name: pod.metadata?.name ?? "" }, launchPort(pod), podRequest(request));
      } catch (error) {
        if (isMissingRight(error)) throw denied(error, namespace);
        failure = error;
      }
    }
    throw new GatewayError(`no response from a gateway through the API server (${reasonOf(failure)}): ${byPortForward(namespace)}`);
  };
}

function podRequest({ method, path, form, token, signal, timeoutMs = TIMEOUT_MS }: GatewayRequest): PodRequest {
  return {
    ...{ method, path, timeoutMs },
    ...(form && { body: form.toString(), contentType: "application/x-www-form-urlencoded" }),
    ...(token !== undefined && { headers: { [TOKEN_HEADER]: token } }),
    ...(signal && { signal }),
  };
}

async function readyGateways(client: Client, namespace: string): Promise<readonly Pod[]> {
  const list = await client.list<Pod>(pods, { namespace, labelSelector: GATEWAY_SELECTOR }).catch((error: unknown) => {
    throw isMissingRight(error) ? denied(error, namespace) : error;
  });
  const ready = list.items.filter(isReady);
  if (ready.length > 0) return ready;
  throw new GatewayError(
    list.items.length === 0
      ? `there is no gateway in namespace ${namespace}: set --operator-namespace to AvatarPool's namespace, or --gateway-url`
      : `none of the ${list.items.length} gateways in namespace ${namespace} is ready: see kubectl -n ${namespace} get pods`,
  );
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
}

/** The chart names the port, and sets the certificate file if the port serves TLS. */
function launchPort({ spec }: Pod): PodPort {
  for (const { ports = [], env = [] } of spec?.containers ?? []) {
    const port = ports.find(({ name }) => name === "launch")?.containerPort;
    if (port === undefined) continue;
    return env.some(({ name }) => name === "AVATARPOOL_TLS_CERT_FILE") ? { port, scheme: "https" } : { port };
  }
  return { port: 8_080 };
}

function denied(error: KubeError, namespace: string): CommandError {
  return new CommandError(`${missingRight(error)}, or ${byPortForward(namespace)}`, "forbidden");
}

function byPortForward(namespace: string): string {
  return `run kubectl -n ${namespace} port-forward service/avatarpool-gateway 8080:80 and add --gateway-url http://127.0.0.1:8080`;
}

/** The gateway's error as one sentence, without secrets. */
export function refusedBy(what: string, { status, body }: RawResponse, secrets: readonly string[]): GatewayError {
  const said = errorBodySchema.safeParse(parsedJson(body)).data?.error.message ?? (body.slice(0, 200).trim() || "no explanation");
  const cure = status === 401 ? "; give a launch token of the pool with --token-file" : "";
  return new GatewayError(`${what} failed with status ${status}: ${hideSecrets(said, secrets)}${cure}`, status);
}
