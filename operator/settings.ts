import { isIP } from "node:net";
import { hostname } from "node:os";
import { z } from "zod";
import { OPERATOR_HTTP_PORT } from "./api/debug.ts";
import { OPERATOR_NAME } from "./api/names.ts";

/** The environment variables of all processes. An invalid value ends the process with an error that names the variable. */

const list = z
  .string()
  .default("")
  .transform((text) => text.split(",").flatMap((item) => item.trim() || []));

const namespacedName = (of: string) =>
  z
    .string()
    .regex(/^[^/]+\/[^/]+$/, `must be namespace/name of ${of}`)
    .optional();

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);

const common = {
  AVATARPOOL_NAMESPACES: list.describe("Namespaces whose pools this process serves, separated by commas. Empty: all namespaces."),
  AVATARPOOL_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info").describe("Lowest level that is logged."),
  AVATARPOOL_LOG_FORMAT: z.enum(["json", "logfmt"]).default("json").describe("Format of a log line."),
  AVATARPOOL_HOST: z.string().optional().describe("Address to listen on. Default: all addresses, IPv4 and IPv6."),
  POD_NAME: z
    .string()
    .optional()
    .describe("Name of this process, unique among its replicas. Default: the host name and the process id."),
};

const gatewayService = namespacedName("the gateways' internal Service").describe(
  "Namespace and name of the gateways' internal Service. This process watches its EndpointSlices.",
);

const operatorName = z
  .string()
  .default(OPERATOR_NAME)
  .describe("Name of the operator's Deployment, and of the Lease for leader election.");
const operatorNamespace = z.string().default("avatarpool").describe("Namespace of that Deployment and Lease.");

const seconds = (fallback: number) => z.coerce.number().min(1).max(3_600).default(fallback);

export const operatorVariables = {
  ...common,
  AVATARPOOL_OPERATOR_NAME: operatorName,
  POD_NAMESPACE: operatorNamespace,
  AVATARPOOL_LEASE_SECONDS: seconds(15).describe("Seconds without a renewal of the Lease until another replica may lead."),
  AVATARPOOL_LEASE_RENEW_SECONDS: seconds(10).describe("Seconds without a successful renewal until the leader stops."),
  AVATARPOOL_LEASE_RETRY_SECONDS: seconds(2).describe("Seconds between two renewals."),
  AVATARPOOL_HTTP_PORT: port(OPERATOR_HTTP_PORT).describe("Port of /healthz, /readyz, /metrics and /debug/decisions."),
  AVATARPOOL_PROMETHEUS_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Base URL of a Prometheus server that scrapes this release, for the console's history. Default: only the memory."),
  AVATARPOOL_CONSOLE_PORT: port(0).describe("Port of the console. 0: the operator serves no console."),
  POD_IP: z
    .string()
    .optional()
    .describe("Address at which other replicas of the operator reach this one's console. Default: AVATARPOOL_HOST."),
  AVATARPOOL_GATEWAYS: list.describe("Internal base URLs of the gateways, separated by commas, if no Service lists the gateways."),
  AVATARPOOL_GATEWAY_SERVICE: gatewayService,
  AVATARPOOL_LOAD_TOKEN_FILE: z
    .string()
    .default("/var/run/secrets/avatarpool/token")
    .describe("File with the ServiceAccount token that authenticates load streams. Its audience is avatarpool-gateway."),
  AVATARPOOL_WORKER_PEERS: z
    .string()
    .default("")
    .transform((text, context) => peersIn(text, context))
    .describe(
      "Peers that may connect to workers, as a JSON list of NetworkPolicyPeers: the pods of gateways and operator. The operator writes a NetworkPolicy with them for each pool. Empty: it writes none, and deletes its own.",
    ),
  AVATARPOOL_IMAGE: z.string().min(1).describe("Image of AvatarPool, for the helper containers in worker pods. Required."),
};

const operatorEnvironment = z
  .object(operatorVariables)
  .superRefine(leaseOrder)
  .transform((env) => ({
    namespaces: env.AVATARPOOL_NAMESPACES,
    log: logOf(env),
    lease: {
      leaseMs: env.AVATARPOOL_LEASE_SECONDS * 1_000,
      renewDeadlineMs: env.AVATARPOOL_LEASE_RENEW_SECONDS * 1_000,
      retryMs: env.AVATARPOOL_LEASE_RETRY_SECONDS * 1_000,
    },
    host: env.AVATARPOOL_HOST,
    podName: env.POD_NAME ?? `${hostname()}-${process.pid}`,
    name: env.AVATARPOOL_OPERATOR_NAME,
    namespace: env.POD_NAMESPACE,
    httpPort: env.AVATARPOOL_HTTP_PORT,
    consolePort: env.AVATARPOOL_CONSOLE_PORT,
    prometheusUrl: env.AVATARPOOL_PROMETHEUS_URL,
    podIp: env.POD_IP ?? env.AVATARPOOL_HOST,
    gateways: env.AVATARPOOL_GATEWAYS,
    gatewayService: env.AVATARPOOL_GATEWAY_SERVICE,
    loadTokenFile: env.AVATARPOOL_LOAD_TOKEN_FILE,
    workerPeers: env.AVATARPOOL_WORKER_PEERS,
    image: env.AVATARPOOL_IMAGE,
  }));

type LogEnvironment = Readonly<Pick<z.output<z.ZodObject<typeof common>>, "AVATARPOOL_LOG_LEVEL" | "AVATARPOOL_LOG_FORMAT">>;

function logOf(env: LogEnvironment) {
  return { level: env.AVATARPOOL_LOG_LEVEL, format: env.AVATARPOOL_LOG_FORMAT };
}

type LeaseEnvironment = Readonly<Record<`AVATARPOOL_LEASE${"" | "_RENEW" | "_RETRY"}_SECONDS`, number>>;

/** The order of the timings prevents two leaders, and a leader that stops between two renewals. */
function leaseOrder(env: LeaseEnvironment, context: z.RefinementCtx): void {
  const { AVATARPOOL_LEASE_SECONDS: lease, AVATARPOOL_LEASE_RENEW_SECONDS: renew, AVATARPOOL_LEASE_RETRY_SECONDS: retry } = env;
  const issue = (name: string, than: string) =>
    context.addIssue({ code: "custom", path: [name], message: `must be less than ${than}` });
  if (retry >= renew) issue("AVATARPOOL_LEASE_RETRY_SECONDS", "AVATARPOOL_LEASE_RENEW_SECONDS");
  if (renew >= lease) issue("AVATARPOOL_LEASE_RENEW_SECONDS", "AVATARPOOL_LEASE_SECONDS");
}

export type OperatorSettings = z.output<typeof operatorEnvironment>;
export const operatorSettings = parserOf(operatorEnvironment);

export const uninstallVariables = {
  AVATARPOOL_NAMESPACES: common.AVATARPOOL_NAMESPACES,
  AVATARPOOL_LOG_LEVEL: common.AVATARPOOL_LOG_LEVEL,
  AVATARPOOL_LOG_FORMAT: common.AVATARPOOL_LOG_FORMAT,
  AVATARPOOL_OPERATOR_NAME: operatorName,
  POD_NAMESPACE: operatorNamespace,
};

const uninstallEnvironment = z.object(uninstallVariables).transform((env) => ({
  namespaces: env.AVATARPOOL_NAMESPACES,
  log: logOf(env),
  operatorName: env.AVATARPOOL_OPERATOR_NAME,
  namespace: env.POD_NAMESPACE,
}));

export type UninstallSettings = z.output<typeof uninstallEnvironment>;
export const uninstallSettings = parserOf(uninstallEnvironment);

export const checkLaunchVariables = {
  AVATARPOOL_URL: z.url().describe("URL of the gateway. Required."),
  AVATARPOOL_POOL: namespacedName("a pool").describe("Namespace and name of the pool. Without it, the command checks nothing."),
  AVATARPOOL_PRESET: z.string().optional().describe("Preset to launch. Required if the pool has several."),
  AVATARPOOL_TOKEN: z.string().optional().describe("A client's token, for a pool with launch.auth."),
  LIVEKIT_URL: z.string().optional().describe("WebSocket URL of the LiveKit server on which the command opens a room."),
  LIVEKIT_API_KEY: z.string().optional().describe("API key of that server."),
  LIVEKIT_API_SECRET: z.string().optional().describe("API secret of that server."),
};

const checkLaunchEnvironment = z.object(checkLaunchVariables).transform((env) => ({
  url: env.AVATARPOOL_URL,
  pool: env.AVATARPOOL_POOL,
  preset: env.AVATARPOOL_PRESET,
  token: env.AVATARPOOL_TOKEN,
  livekitUrl: env.LIVEKIT_URL,
  livekitKey: env.LIVEKIT_API_KEY,
  livekitSecret: env.LIVEKIT_API_SECRET,
}));

export type CheckLaunchSettings = z.output<typeof checkLaunchEnvironment>;
export const checkLaunchSettings = parserOf(checkLaunchEnvironment);

export const gatewayVariables = {
  ...common,
  AVATARPOOL_LAUNCH_PORT: port(8_080).describe("Port for launches. It also serves /readyz and /healthz, for load balancers."),
  AVATARPOOL_INTERNAL_PORT: port(8_081).describe(
    "Port of /healthz, /readyz and /metrics, and of the load stream and the console's requests of the operator.",
  ),
  AVATARPOOL_DEFAULT_POOL: namespacedName("a pool").describe(
    "Namespace and name of the pool that serves POST /launch, for clients that cannot choose a path.",
  ),
  AVATARPOOL_BODY_LIMIT_MB: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(16)
    .describe(
      "Maximum size of a launch body, in MB. All large bodies in flight together take at most four times this size, and all small bodies 48 MB.",
    ),
  AVATARPOOL_TRUSTED_PROXIES: list
    .refine((proxies) => proxies.every(isAddressRange), "must be addresses or CIDR ranges such as 10.0.0.0/8, separated by commas")
    .describe(
      "Addresses and CIDR ranges of the proxies in front of the launch port, separated by commas. The gateway reads a client's address from their X-Forwarded-For header. It divides the memory for bodies among addresses of clients without a token, and logs the address with an invalid token.",
    ),
  AVATARPOOL_TLS_CERT_FILE: z
    .string()
    .optional()
    .describe(
      "PEM file with the certificate chain. If set, launches are served over HTTPS. A changed file takes effect within 10 s.",
    ),
  AVATARPOOL_TLS_KEY_FILE: z.string().optional().describe("PEM file with the certificate's private key."),
  AVATARPOOL_OPERATOR_USER: z
    .string()
    .default("system:serviceaccount:avatarpool:avatarpool-operator")
    .describe("Kubernetes user that may open the load stream and send the console's requests: the operator's ServiceAccount."),
  AVATARPOOL_GATEWAYS: list.describe(
    "Internal base URLs of all gateways, separated by commas, if no Service lists the gateways. Without both, this gateway is the only one.",
  ),
  AVATARPOOL_GATEWAY_SERVICE: gatewayService,
  AVATARPOOL_PEER_TOKEN_FILE: z
    .string()
    .default("/var/run/secrets/avatarpool/token")
    .describe(
      "File with the ServiceAccount token that authenticates requests to other gateways. Its audience is avatarpool-gateway.",
    ),
  AVATARPOOL_GATEWAY_USER: z
    .string()
    .default("system:serviceaccount:avatarpool:avatarpool-gateway")
    .describe("Kubernetes user of the other gateways: their ServiceAccount."),
  POD_IPS: list.describe(
    "Addresses of this gateway, separated by commas. Other gateways use one of them. Default: AVATARPOOL_HOST.",
  ),
  AVATARPOOL_SETTLE_SECONDS: z.coerce
    .number()
    .min(0)
    .max(60)
    .default(5)
    .describe("Seconds for which the gateway accepts launches after SIGTERM, until load balancers have removed it."),
};

const gatewayEnvironment = z
  .object(gatewayVariables)
  .superRefine(tlsPair)
  .transform((env) => ({
    namespaces: env.AVATARPOOL_NAMESPACES,
    log: logOf(env),
    host: env.AVATARPOOL_HOST,
    podName: env.POD_NAME ?? `${hostname()}-${process.pid}`,
    launchPort: env.AVATARPOOL_LAUNCH_PORT,
    internalPort: env.AVATARPOOL_INTERNAL_PORT,
    operatorUser: env.AVATARPOOL_OPERATOR_USER,
    gateways: env.AVATARPOOL_GATEWAYS,
    gatewayService: env.AVATARPOOL_GATEWAY_SERVICE,
    peerTokenFile: env.AVATARPOOL_PEER_TOKEN_FILE,
    gatewayUser: env.AVATARPOOL_GATEWAY_USER,
    podIps: env.POD_IPS,
    settleMs: env.AVATARPOOL_SETTLE_SECONDS * 1_000,
    defaultPool: env.AVATARPOOL_DEFAULT_POOL,
    bodyLimitMb: env.AVATARPOOL_BODY_LIMIT_MB,
    trustedProxies: env.AVATARPOOL_TRUSTED_PROXIES,
    tls: tlsFiles(env),
  }));

type Peer = Readonly<Record<string, object>>;

function peersIn(text: string, context: z.RefinementCtx): readonly Peer[] {
  if (text === "") return [];
  try {
    return z.array(z.record(z.string(), z.looseObject({}))).parse(JSON.parse(text));
  } catch {
    context.addIssue({ code: "custom", message: "must be a JSON list of NetworkPolicyPeers" });
    return z.NEVER;
  }
}

/** Whether the text is an address or a CIDR range. */
function isAddressRange(text: string): boolean {
  const [address = "", prefix, ...more] = text.split("/");
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) > 0 && Number(prefix) <= bits);
  return bits > 0 && isPrefix && more.length === 0;
}

type TlsEnvironment = { readonly [Name in "AVATARPOOL_TLS_CERT_FILE" | "AVATARPOOL_TLS_KEY_FILE"]?: string | undefined };

function tlsPair(env: TlsEnvironment, context: z.RefinementCtx): void {
  const [given, missing] =
    env.AVATARPOOL_TLS_CERT_FILE === undefined
      ? (["AVATARPOOL_TLS_KEY_FILE", "AVATARPOOL_TLS_CERT_FILE"] as const)
      : (["AVATARPOOL_TLS_CERT_FILE", "AVATARPOOL_TLS_KEY_FILE"] as const);
  if (env[given] === undefined || env[missing] !== undefined) return;
  context.addIssue({ code: "custom", path: [missing], message: `is missing: set it together with ${given}` });
}

function tlsFiles(env: TlsEnvironment): { readonly certFile: string; readonly keyFile: string } | undefined {
  const { AVATARPOOL_TLS_CERT_FILE: certFile, AVATARPOOL_TLS_KEY_FILE: keyFile } = env;
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
}

export type GatewaySettings = z.output<typeof gatewayEnvironment>;
export const gatewaySettings = parserOf(gatewayEnvironment);

/** A function that reads settings. It throws an Error that names every invalid variable and the reason. */
function parserOf<T>(schema: z.ZodType<T, unknown>): (env: NodeJS.ProcessEnv) => T {
  return (env) => {
    const result = schema.safeParse(env);
    if (result.success) return result.data;
    const wrong = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new Error(`invalid environment: ${wrong.join("; ")}`);
  };
}
