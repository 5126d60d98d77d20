import { expect, it } from "vitest";
import { blockedSlots } from "./blocked-slots.ts";

it.each([
  ["an idle worker has all its slots", { jobs: 0, load: 0.1 }, 0],
  ["light jobs block nothing", { jobs: 1, load: 0.15 }, 0],
  ["a slot is free only if its job stays below the threshold", { jobs: 1, load: 0.4 }, 2],
  ["one further job fits", { jobs: 1, load: 0.3 }, 1],
  ["a worker above the threshold takes no job", { jobs: 1, load: 0.7 }, 2],
  ["nor does an idle worker on a busy machine", { jobs: 0, load: 0.9 }, 3],
  ["a worker with more jobs than slots has no slot to block", { jobs: 4, load: 0.9 }, 0],
])("%s", (_what, report, blocked) => {
  expect(blockedSlots(report, 3, 0.7)).toBe(blocked);
});
