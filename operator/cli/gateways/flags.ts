import type { Command } from "commander";
import type { KubeClient } from "../../kube/client.ts";
import { usageError } from "../exit.ts";
import { type InstallationFlags, withInstallation } from "../flags.ts";
import { type AskGateway, askGatewayByUrl, askGatewayThroughApiServer } from "./ask-gateway.ts";

export interface GatewayFlags extends InstallationFlags {
  readonly gatewayUrl?: string;
  readonly tokenFile?: string;
}

/** How to reach the gateways, and how to authenticate to them. */
export function withGateway(command: Command): Command {
  return withInstallation(command)
    .option("--gateway-url <url>", "URL of a gateway, to bypass the API server")
    .option("--token-file <file>", "file with a launch token (default: the Secret of launch.auth)");
}

export function gatewayOf(client: Pick<KubeClient, "list" | "sendToPod">, flags: GatewayFlags): AskGateway {
  const { gatewayUrl, operatorNamespace } = flags;
  if (gatewayUrl === undefined) return askGatewayThroughApiServer(client, operatorNamespace);
  if (!/^https?:\/\//.test(gatewayUrl)) throw usageError(`--gateway-url ${gatewayUrl}: expected http://HOST:PORT of a gateway`);
  return askGatewayByUrl(gatewayUrl);
}
