import { expect, it, vi } from "vitest";
import { createProgram } from "./program.ts";

async function run(...args: string[]) {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  const program = createProgram("kubectl avatarpool");
  for (const command of [program, ...program.commands]) command.configureOutput({ writeOut: write, writeErr: write });
  const error = await program.parseAsync(args, { from: "user" }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { text: written.join(""), error };
}

it("names the plugin in its usage text, and lists the exit codes", async () => {
  const { text } = await run("--help");
  expect(text).toContain("Usage: kubectl avatarpool [options] [command]");
  expect(text).toMatch(/Exit codes:\n {2}0 {2}success\n {2}1 {2}/);
  expect((await run("explain", "--help")).text).toContain("Usage: kubectl avatarpool explain [options] <pool>");
});

it.each([
  [["explain"], /missing required argument 'pool'/],
  [["explain", "p", "-o", "xml"], /Allowed choices are table, json, yaml/],
  [["explian"], /unknown command 'explian'/],
])("rejects %j and points to the help", async (args, message) => {
  const exit = vi.spyOn(process, "exit");
  const { text, error } = await run(...args);
  expect(text).toMatch(message);
  expect(text).toContain("--help");
  expect(error).toMatchObject({ name: "CommanderError", exitCode: 1 });
  expect(exit).not.toHaveBeenCalled();
});
