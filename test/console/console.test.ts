import { afterAll, beforeAll, describe } from "vitest";
import { type Cast, openCast } from "./cast.ts";
import { failoverCases } from "./failover.ts";
import { fleetCases } from "./fleet.ts";
import { sharingCases } from "./sharing.ts";
import { signInCases } from "./sign-in.ts";

/** The console in Chromium, served by the real operator with the chart's permissions. All cases share one cluster. */

let cast: Cast;
beforeAll(async () => {
  cast = await openCast();
});
afterAll(() => cast?.on[Symbol.asyncDispose]());

describe("the sign-in", () => signInCases(() => cast));
describe("the fleet", () => fleetCases(() => cast));
describe("the browser", () => sharingCases(() => cast));
describe("a failover", () => failoverCases(() => cast));
