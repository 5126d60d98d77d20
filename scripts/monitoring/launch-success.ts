import { launchErrors } from "../../operator/gateway/errors.ts";

/**
 * The service level indicator of `objective.launchSuccess`, as PromQL. A launch is a success if it finds a warm slot at once.
 * It is a miss if it waits, gets a cold worker, overflows or fails. Repeats and errors of the client do not count.
 */

/** Status 499 counts: clients close the connection when they have waited too long. */
const CLIENT_CLOSED = 499;

const failures = Object.entries(launchErrors).flatMap(([code, { status }]) => (status >= CLIENT_CLOSED ? [code] : []));

/** @param where matchers of the series. @param per the labels of the result. */
export interface Launches {
  readonly where: string;
  readonly per: string;
}

type RangeFunction = "rate" | "increase";

/** Launches that count for the objective. */
export function countedLaunches({ where, per }: Launches, apply: RangeFunction, range: string): string {
  const counted = `${where},outcome=~"served|${failures.join("|")}",path!="repeated"`;
  return `sum by (${per}) (${apply}(avatarpool_launches_total{${counted}}[${range}]))`;
}

export function missedLaunches(launches: Launches, apply: RangeFunction, range: string): string {
  const counted = countedLaunches(launches, apply, range);
  return `${counted} - (${warmLaunches(launches, apply, range)} or ${counted} * 0)`;
}

/** Misses divided by counted launches. No sample if there was no launch. */
export function missRatio(launches: Launches, range: string): string {
  const counted = countedLaunches(launches, "rate", range);
  return `1 - (${warmLaunches(launches, "rate", range)} or ${counted} * 0) / (${counted} > 0)`;
}

function warmLaunches({ where, per }: Launches, apply: RangeFunction, range: string): string {
  return `sum by (${per}) (${apply}(avatarpool_launches_total{${where},outcome="served",path="warm"}[${range}]))`;
}
