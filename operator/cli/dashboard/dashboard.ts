import { randomBytes } from "node:crypto";
import { CONSOLE_PORT } from "../../api/console.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { ObjectRef } from "../../kube/types.ts";
import { hideSecrets } from "../../workers/hide-secrets.ts";
import { leadingOperator, OperatorError } from "../ask-operator.ts";
import { withClient } from "../cluster.ts";
import { CommandError, usageError } from "../exit.ts";
import type { InstallationFlags, NamespaceFlags } from "../flags.ts";
import type { Print } from "../output.ts";
import { isMissingRight } from "../rights.ts";
import { Guard } from "./guard.ts";
import { openBrowser } from "./open-browser.ts";
import { startProxy, type Upstream } from "./proxy.ts";
import { accountOf, accountTokens, userToken } from "./viewer-token.ts";

export interface DashboardFlags extends NamespaceFlags, InstallationFlags {
  readonly operatorName: string;
  readonly consoleUrl?: string;
  readonly serviceAccount?: string;
  readonly port?: string;
  /** False with `--no-open`. */
  readonly open: boolean;
}

interface Surroundings {
  readonly signal: AbortSignal;
  readonly print: Print;
  readonly hint: Print;
}

/** `avatarpool dashboard`: serves the console on loopback until the signal aborts. */
export async function dashboard(flags: DashboardFlags, { signal, print, hint }: Surroundings): Promise<void> {
  const [port, url] = [portOf(flags.port), flags.consoleUrl === undefined ? undefined : consoleUrl(flags.consoleUrl)];
  const account = flags.serviceAccount === undefined ? undefined : accountOf(flags.serviceAccount);
  await withClient(flags, async ({ client }) => {
    const token = account === undefined ? () => userToken(client) : accountTokens(client, account, Date.now);
    // Fails before the browser opens.
    await token();
    const operator = { namespace: flags.operatorNamespace, name: flags.operatorName };
    const upstream = url === undefined ? await podUpstream(client, operator) : { url };
    const onLink = (link: string) => hint(`The link was opened. For another browser: ${link}`);
    const newSecret = () => randomBytes(24).toString("base64url");
    const guardOf = (bound: number) => new Guard({ port: bound, newSecret, onLink });
    const { server, guard } = await startProxy(port, { upstream, token, explain }, guardOf);
    print(`The console is at ${guard.link}`);
    hint("The link works once, and only on this machine. Press Ctrl-C to stop.");
    if (flags.open && !(await openBrowser(guard.link))) hint("No browser was found: open the link yourself.");
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}

/** Connections to the leading operator. The first one is opened at once, so that a failure ends the command. */
async function podUpstream(client: KubeClient, operator: ObjectRef): Promise<Upstream> {
  const connect = async () => client.connectToPod(await leadingOperator(client, operator, `give ${CONSOLE_URL}`), CONSOLE_PORT);
  const first = await connect().catch((error: unknown) => {
    throw isMissingRight(error) ? new CommandError(explain(error), "forbidden") : new Error(explain(error));
  });
  first.on("error", () => {}).destroy();
  return { connect };
}

const CONSOLE_URL = "the URL of the console with --console-url";

function explain(error: unknown): string {
  if (error instanceof CommandError || error instanceof OperatorError) return error.message;
  // The library loses the API server's sentence, which names the verb.
  if (isMissingRight(error))
    return `you are not allowed to get and create pods/portforward in the namespace of the operator: request this permission, which the role edit contains, or give ${CONSOLE_URL}`;
  const reason = hideSecrets(error instanceof Error ? error.message : String(error));
  return `no connection to the console (${reason}): check that the chart has console.enabled, or give ${CONSOLE_URL}`;
}

function consoleUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw usageError(`--console-url ${text}: expected http://HOST:PORT or https://HOST`);
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol === "http:" && !local)
    throw usageError(`--console-url ${text}: your token would travel unencrypted; use https:// or a port-forward`);
  return url;
}

function portOf(text = "0"): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw usageError(`--port ${text}: expected a number from 0 to 65535`);
}
