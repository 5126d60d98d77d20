import { z } from "zod";

const port = z.coerce.number().int().min(0).max(65_535);

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);

/** What the gateway is told by its environment. */
export const gatewaySettingsSchema = z
  .object({
    /** Namespaces that are watched; empty for all. */
    AVATARPOOL_NAMESPACES: list.prefault(""),
    AVATARPOOL_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
    AVATARPOOL_HOST: z.string().min(1).default("0.0.0.0"),
    /** Where clients launch. 0 takes a free port. */
    AVATARPOOL_LAUNCH_PORT: port.default(8080),
    /** Probes, metrics and the load stream. */
    AVATARPOOL_INTERNAL_PORT: port.default(8081),
    /** User name that may open the load stream. */
    AVATARPOOL_OPERATOR_USER: z.string().min(1).default("system:serviceaccount:avatarpool:avatarpool-operator"),
    POD_NAME: z.string().min(1).default("gateway"),
  })
  .transform((env) => ({
    namespaces: env.AVATARPOOL_NAMESPACES,
    logLevel: env.AVATARPOOL_LOG_LEVEL,
    host: env.AVATARPOOL_HOST,
    launchPort: env.AVATARPOOL_LAUNCH_PORT,
    internalPort: env.AVATARPOOL_INTERNAL_PORT,
    operatorUser: env.AVATARPOOL_OPERATOR_USER,
    podName: env.POD_NAME,
  }));

export type GatewaySettings = z.output<typeof gatewaySettingsSchema>;

/** @throws ZodError, whose message names the variable, when a value makes no sense. */
export function gatewaySettings(env: Readonly<Record<string, string | undefined>>): GatewaySettings {
  return gatewaySettingsSchema.parse(env);
}
