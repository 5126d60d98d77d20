import { KubeClient } from "../kube/client.ts";
import { loadKubeConfig } from "../kube/config.ts";
import { systemClock } from "../runtime/clock.ts";
import type { UninstallSettings } from "../settings.ts";
import { createLogger } from "../telemetry/logger.ts";
import { releasePools } from "./release-pools.ts";
import { stopOperator } from "./stop-operator.ts";

/**
 * Prepares the release for its uninstall: stops the operator, then removes its finalizer from the pools, because later no
 * operator could remove it.
 * @throws Error if an operator still runs, or a pool cannot be written.
 */
export async function runReleasePools({ namespace, operatorName, namespaces, log }: UninstallSettings): Promise<void> {
  const logger = createLogger("release-pools", log);
  const client = new KubeClient(loadKubeConfig(), { userAgent: "avatarpool-release-pools" });
  try {
    await stopOperator({ client, clock: systemClock, logger }, { namespace, name: operatorName });
    const pools = await releasePools({ client, logger }, namespaces);
    logger.info({ pools }, "pools released: they and their workers stay");
  } finally {
    await client.close();
  }
}
