import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { type Cast, endAllSessions, openCast } from "./cast.ts";
import { decisionCases } from "./decisions.ts";
import { failoverCases } from "./failover.ts";
import { fleetCases } from "./fleet.ts";
import { poolCases } from "./pool.ts";
import { sharingCases } from "./sharing.ts";
import { signInCases } from "./sign-in.ts";
import { trialCases } from "./trials.ts";

/** The console in Chromium, served by the real operator with the chart's permissions. All cases share one cluster. */

let cast: Cast;
beforeAll(async () => {
  cast = await openCast();
});
beforeEach(() => endAllSessions(cast));
afterAll(() => cast?.on[Symbol.asyncDispose]());

describe("the sign-in", () => signInCases(() => cast));
describe("the fleet", () => fleetCases(() => cast));
describe("the browser", () => sharingCases(() => cast));
describe("the page Live of a pool", () => poolCases(() => cast));
describe("decisions", () => decisionCases(() => cast));
describe("trials", () => trialCases(() => cast));
describe("a failover", () => failoverCases(() => cast));
