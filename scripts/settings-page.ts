import type { z } from "zod";
import { gatewayVariables, operatorVariables, uninstallVariables } from "../operator/settings.ts";

type Variables = Readonly<Record<string, z.ZodType>>;

/** The content of `docs/settings.md`: what the processes read from their environment. */
export function settingsPage(): string {
  return [
    "# Settings",
    "",
    "Made by `npm run generate` from `operator/settings.ts`; do not edit. The chart sets all of them.",
    "All processes find the API server by `KUBECONFIG`, or by their ServiceAccount in a pod.",
    "",
    "## `avatarpool operator`",
    "",
    ...table(operatorVariables),
    "",
    "## `avatarpool gateway`",
    "",
    ...table(gatewayVariables),
    "",
    "## `avatarpool release-pools`",
    "",
    ...table(uninstallVariables),
    "",
  ].join("\n");
}

function table(variables: Variables): string[] {
  const rows = Object.entries(variables).map(
    ([name, schema]) => `| \`${name}\` | ${fallback(schema)} | ${schema.description ?? ""} |`,
  );
  return ["| variable | default | meaning |", "| --- | --- | --- |", ...rows];
}

function fallback(schema: z.ZodType): string {
  const parsed = schema.safeParse(undefined);
  if (!parsed.success || parsed.data === undefined || (Array.isArray(parsed.data) && parsed.data.length === 0)) return "";
  return `\`${String(parsed.data)}\``;
}
