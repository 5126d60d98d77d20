import type { Browser, BrowserContext, Viewport } from "puppeteer-core";
import { ensureBundle } from "../product/bundle.ts";
import type { OperatorOptions } from "../product/product.ts";
import { type Scenario, Stage } from "../scenario/index.ts";
import { startChromium } from "./chromium.ts";
import { Tab } from "./tab.ts";

/** Much shorter than the default, so that a standby leads soon after the leader was killed. */
const shortLease = {
  AVATARPOOL_LEASE_SECONDS: "6",
  AVATARPOOL_LEASE_RENEW_SECONDS: "4",
  AVATARPOOL_LEASE_RETRY_SECONDS: "1",
};

/** The cluster roles that a viewer may have in a namespace; the chart adds AvatarPool's permissions to them. */
export type ViewerRole = "view" | "edit";

export interface OpenOptions {
  /** Default: the console of the operator that the stage started first. */
  readonly url?: string;
  /** Part of the address after the console's base URL, such as `#/pools/a/b`. */
  readonly path?: string;
  /** Signs in with this token. Without it, the page of the sign-in stays open. */
  readonly token?: string;
  readonly viewport?: Viewport;
  /** Shares storage and workers with other tabs. Default: a new one. */
  readonly context?: BrowserContext;
}

/** The bundled product with the console's pages, a browser, and viewers with tokens of the cluster. */
export class ConsoleStage implements AsyncDisposable {
  readonly stage: Stage;
  readonly browser: Browser;
  readonly consoleUrl: string;
  readonly #resources: AsyncDisposableStack;

  static async open(): Promise<ConsoleStage> {
    await ensureBundle(console.error);
    await using resources = new AsyncDisposableStack();
    const stage = resources.use(await Stage.open({ build: "bundle", operator: { env: shortLease } }));
    const browser = await startChromium();
    resources.defer(() => browser.close());
    return new ConsoleStage(stage, browser, resources.move());
  }

  private constructor(stage: Stage, browser: Browser, resources: AsyncDisposableStack) {
    const { consoleUrl } = stage.operator;
    if (consoleUrl === undefined) throw new Error("the chart enables no console: set console.enabled");
    this.stage = stage;
    this.browser = browser;
    this.consoleUrl = consoleUrl;
    this.#resources = resources;
  }

  /** @returns the URL of the standby's console. */
  async startStandby(options: OperatorOptions = {}): Promise<string> {
    const { consoleUrl } = await this.stage.product.startOperator({ ...options, env: { ...shortLease, ...options.env } });
    return consoleUrl ?? "";
  }

  /** A ServiceAccount with a role in each of the scenarios. @returns its token. */
  async viewer(name: string, role: ViewerRole, scenarios: readonly Scenario[]): Promise<string> {
    const [home] = scenarios;
    if (home === undefined) throw new Error("a viewer needs a namespace");
    await home.kubectl(["create", "serviceaccount", name]);
    const binding = ["create", "rolebinding", name, `--clusterrole=${role}`, `--serviceaccount=${home.namespace}:${name}`];
    for (const scenario of scenarios) await scenario.kubectl(binding);
    return this.stage.plane.serviceAccountToken(home.namespace, name);
  }

  /** Opens the console in a new tab, and signs in if there is a token. */
  async tab({ url = this.consoleUrl, path = "", token, viewport, context }: OpenOptions = {}): Promise<Tab> {
    const tab = await Tab.open(context ?? (await this.browser.createBrowserContext()), viewport);
    await tab.page.goto(`${url}${path}`);
    if (token !== undefined) {
      tab.ignore(UNAUTHORIZED);
      await signIn(tab, token);
      await tab.has(LIVE);
    }
    return tab;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** The header of a page that follows the operator's stream. */
export const LIVE = ".connection-live";

/** Chromium reports each such response. A page without a token expects one. */
export const UNAUTHORIZED = /status of 401/;

/** Types the token into the page of the sign-in. */
export async function signIn(tab: Tab, token: string): Promise<void> {
  await tab.page.locator("textarea[name=token]").fill(token);
  await tab.click("button", "Sign in");
}
