import { get } from "node:http";
import type { Clock } from "../../../operator/runtime/clock.ts";
import { sleep } from "../../../operator/runtime/sleep.ts";
import type { Container, ProbeSpec } from "./pod.ts";

/** A probe in the kubelet's terms, with the API's defaults. */
export interface ProbeSettings {
  readonly url: string;
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** The result of a probe so far: its verdict, and the number of consecutive equal results. */
export interface ProbeState {
  readonly verdict: "unknown" | "success" | "failure";
  readonly passed: boolean;
  readonly inRow: number;
}

export const unprobed: ProbeState = { verdict: "unknown", passed: false, inRow: 0 };

/** The verdict changes only if the number of consecutive equal results reaches a threshold. */
export function afterProbe(state: ProbeState, passed: boolean, settings: ProbeSettings): ProbeState {
  const inRow = passed === state.passed ? state.inRow + 1 : 1;
  const threshold = passed ? settings.successThreshold : settings.failureThreshold;
  const verdict = inRow < threshold ? state.verdict : passed ? "success" : "failure";
  return { verdict, passed, inRow };
}

/** @throws TypeError if the container does not have the probe's port: an error in the pod template. */
export function probeSettings(spec: ProbeSpec, container: Container, podIP: string): ProbeSettings {
  const wanted = spec.httpGet?.port;
  const port = typeof wanted === "number" ? wanted : container.ports?.find(({ name }) => name === wanted)?.containerPort;
  if (port === undefined) throw new TypeError(`container ${container.name}: a probe's port "${wanted}" is not among its ports`);
  return {
    url: `http://${podIP}:${port}${spec.httpGet?.path ?? "/"}`,
    initialDelayMs: (spec.initialDelaySeconds ?? 0) * 1_000,
    periodMs: (spec.periodSeconds ?? 10) * 1_000,
    timeoutMs: (spec.timeoutSeconds ?? 1) * 1_000,
    successThreshold: spec.successThreshold ?? 1,
    failureThreshold: spec.failureThreshold ?? 3,
  };
}

/** One check. @returns whether it passed. */
export type Check = (settings: ProbeSettings, signal: AbortSignal) => Promise<boolean>;

/**
 * Probes until the signal aborts, and reports every change of the verdict.
 */
export async function runProbe(
  settings: ProbeSettings,
  clock: Clock,
  signal: AbortSignal,
  onVerdict: (verdict: "success" | "failure") => void,
  check: Check = httpCheck,
): Promise<void> {
  let state = unprobed;
  await sleep(clock, settings.initialDelayMs, signal);
  while (!signal.aborted) {
    const passed = await check(settings, signal);
    if (signal.aborted) return;
    const before = state.verdict;
    state = afterProbe(state, passed, settings);
    if (state.verdict !== before && state.verdict !== "unknown") onVerdict(state.verdict);
    await sleep(clock, settings.periodMs, signal);
  }
}

/**
 * Passes on any status from 200 to 399, like the kubelet's httpGet. Every check uses a new connection. The timeout
 * is in real time, regardless of the clock: it limits the response time of this machine, not of the simulated worker.
 */
export function httpCheck(settings: ProbeSettings, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(settings.url, { agent: false, timeout: settings.timeoutMs, signal }, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
    request.on("close", () => resolve(false));
  });
}
