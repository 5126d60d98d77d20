import { expect, it } from "vitest";
import { consoleFolder } from "./console-folder.ts";

it.each([
  ["its sources", "/src/operator/runtime/console-folder.ts", "/src/dist/console"],
  ["the bundle", "/app/avatarpool.mjs", "/app/console"],
  ["a chunk of the bundle", "/app/chunks/serve-AB12.mjs", "/app/console"],
])("finds the console from %s", (_, file, folder) => {
  expect(consoleFolder(file)).toBe(folder);
});
