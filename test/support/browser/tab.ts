import type { Browser, BrowserContext, ConsoleMessage, Page, Target, Viewport } from "puppeteer-core";
import { until } from "../controlplane/index.ts";
import { viewports } from "./viewports.ts";

/** Much longer than a page needs, so that a busy machine fails no test. */
const LIMIT_MS = 20_000;
const MAX_PROBLEMS = 100;

export type ColourScheme = "light" | "dark";

/** A tab of a browser. It records what a developer would see as an error. */
export class Tab {
  readonly page: Page;
  readonly #ignored: RegExp[] = [];
  #problems: readonly string[] = [];

  /** Opens a blank tab in a context, which shares storage and workers between its tabs. */
  static async open(context: Browser | BrowserContext, viewport: Viewport = viewports.laptop): Promise<Tab> {
    const page = await context.newPage();
    await page.setViewport(viewport);
    page.setDefaultTimeout(LIMIT_MS);
    const tab = new Tab(page);
    await tab.colours("light");
    return tab;
  }

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => this.#logged(message));
    page.on("pageerror", (error) => this.#note(`exception: ${error instanceof Error ? error.message : String(error)}`));
    page.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      const local = hostname === "127.0.0.1" || !/^(https?|wss?):$/.test(protocol);
      if (!local) this.#note(`request to another host: ${request.url()}`);
    });
    page.browserContext().on("targetcreated", (target) => void this.#watchWorker(target));
  }

  /** Errors and warnings since the last call: of the page, of its workers, and requests to other hosts. */
  problems(): readonly string[] {
    const problems = this.#problems;
    this.#problems = [];
    return problems;
  }

  /** Records no problems that match: those that the test provokes. Chromium reports a failed request a moment later. */
  ignore(expected: RegExp): void {
    this.#ignored.push(expected);
    this.#problems = this.#problems.filter((problem) => !expected.test(problem));
  }

  /** Sets the colour scheme of the device. Animations are off, so that pictures do not depend on the moment. */
  async colours(scheme: ColourScheme): Promise<void> {
    await this.page.emulateMediaFeatures([
      { name: "prefers-color-scheme", value: scheme },
      { name: "prefers-reduced-motion", value: "reduce" },
    ]);
  }

  /** The visible text of the first match, with single spaces. Empty without a match. */
  async text(selector = "body"): Promise<string> {
    const text = await this.page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`);
    return String(text).replace(/\s+/g, " ").trim();
  }

  async count(selector: string): Promise<number> {
    return (await this.page.$$(selector)).length;
  }

  /** Waits until the text of the first match contains or matches. @throws Error with the last text. */
  async shows(expected: string | RegExp, selector = "body"): Promise<void> {
    let text = "";
    await this.#until(
      `${selector} with ${expected}`,
      async () => {
        text = await this.text(selector);
        return typeof expected === "string" ? text.includes(expected) : expected.test(text);
      },
      () => text,
    );
  }

  /** Waits until the page has as many matches. @throws Error with the last number. */
  async has(selector: string, wanted: (count: number) => boolean = (count) => count > 0): Promise<void> {
    let count = 0;
    await this.#until(
      `${selector} (${wanted})`,
      async () => {
        count = await this.count(selector);
        return wanted(count);
      },
      () => `${count} matches`,
    );
  }

  /** Clicks the first element with this role and accessible name, as a person with a screen reader finds it. */
  async click(role: "button" | "link" | "tab" | "radio" | "checkbox", name: string): Promise<void> {
    await this.page.locator(`::-p-aria(${name}[role="${role}"])`).click();
  }

  async press(...keys: readonly Parameters<Page["keyboard"]["press"]>[0][]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Name or text of the element with the focus. */
  async focused(): Promise<string> {
    const name = await this.page.evaluate(`(() => {
      const { activeElement } = document;
      return activeElement?.getAttribute("aria-label") ?? activeElement?.innerText ?? "";
    })()`);
    return String(name).replace(/\s+/g, " ").trim();
  }

  /** Pixels by which the page is wider than its window. */
  async overflow(): Promise<number> {
    return Number(await this.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
  }

  async #until(what: string, probe: () => Promise<boolean>, last: () => string): Promise<void> {
    try {
      await until(what, LIMIT_MS, probe);
    } catch (error) {
      const page = await this.text().catch(String);
      const problems = this.#problems.join("\n");
      throw new Error(`${String(error)}: ${last()}\n${this.page.url()} shows: ${page.slice(0, 3_000)}\n${problems}`, {
        cause: error,
      });
    }
  }

  #note(problem: string): void {
    if (this.#ignored.some((pattern) => pattern.test(problem))) return;
    if (this.#problems.length < MAX_PROBLEMS) this.#problems = [...this.#problems, problem];
  }

  #logged(message: ConsoleMessage): void {
    const kind = message.type();
    if (kind !== "error" && kind !== "warn" && kind !== "assert") return;
    this.#note(`${kind}: ${message.text()} (${message.location().url ?? "no source"})`);
  }

  async #watchWorker(target: Target): Promise<void> {
    if (target.type() !== "shared_worker" && target.type() !== "other") return;
    const worker = await target.worker().catch(() => null);
    worker?.on("console", (message) => this.#logged(message));
    worker?.on("error", (error: Error) => this.#note(`exception in a worker: ${error.message}`));
  }
}
