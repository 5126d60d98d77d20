import { z } from "zod";

/** What both processes read from their environment. A wrong value ends the process with a sentence. */

const list = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  );

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);

const common = {
  AVATARPOOL_NAMESPACES: list,
  AVATARPOOL_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  AVATARPOOL_HOST: z.string().default("0.0.0.0"),
  POD_NAME: z.string().default(() => `process-${process.pid}`),
  POD_NAMESPACE: z.string().default("avatarpool"),
};

const operatorEnvironment = z
  .object({
    ...common,
    AVATARPOOL_HTTP_PORT: port(8_081),
    AVATARPOOL_GATEWAYS: list,
    AVATARPOOL_GATEWAY_SERVICE: z
      .string()
      .regex(/^[^/]+\/[^/]+$/, "must be namespace/name of the gateways' internal Service")
      .optional(),
    AVATARPOOL_LOAD_TOKEN_FILE: z.string().default("/var/run/secrets/avatarpool/token"),
    AVATARPOOL_IMAGE: z.string().min(1),
  })
  .transform((env) => ({
    namespaces: env.AVATARPOOL_NAMESPACES,
    logLevel: env.AVATARPOOL_LOG_LEVEL,
    host: env.AVATARPOOL_HOST,
    podName: env.POD_NAME,
    namespace: env.POD_NAMESPACE,
    httpPort: env.AVATARPOOL_HTTP_PORT,
    gateways: env.AVATARPOOL_GATEWAYS,
    gatewayService: env.AVATARPOOL_GATEWAY_SERVICE,
    loadTokenFile: env.AVATARPOOL_LOAD_TOKEN_FILE,
    image: env.AVATARPOOL_IMAGE,
  }));

export type OperatorSettings = z.output<typeof operatorEnvironment>;

/** @throws Error that names every variable that is wrong, and why. */
export function operatorSettings(env: NodeJS.ProcessEnv): OperatorSettings {
  return parse(operatorEnvironment, env);
}

const gatewayEnvironment = z
  .object({
    ...common,
    AVATARPOOL_LAUNCH_PORT: port(8_080),
    AVATARPOOL_INTERNAL_PORT: port(8_081),
    AVATARPOOL_OPERATOR_USER: z.string().default("system:serviceaccount:avatarpool:avatarpool-operator"),
  })
  .transform((env) => ({
    namespaces: env.AVATARPOOL_NAMESPACES,
    logLevel: env.AVATARPOOL_LOG_LEVEL,
    host: env.AVATARPOOL_HOST,
    podName: env.POD_NAME,
    launchPort: env.AVATARPOOL_LAUNCH_PORT,
    internalPort: env.AVATARPOOL_INTERNAL_PORT,
    operatorUser: env.AVATARPOOL_OPERATOR_USER,
  }));

export type GatewaySettings = z.output<typeof gatewayEnvironment>;

/** @throws Error that names every variable that is wrong, and why. */
export function gatewaySettings(env: NodeJS.ProcessEnv): GatewaySettings {
  return parse(gatewayEnvironment, env);
}

function parse<T>(schema: z.ZodType<T, unknown>, env: NodeJS.ProcessEnv): T {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const wrong = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new Error(`the environment is not usable: ${wrong.join("; ")}`);
}
