import { type Command, Option } from "commander";
import { OPERATOR_NAME } from "../api/names.ts";
import type { KubeconfigFlags } from "../kube/config.ts";

/** Options that several commands share. Each has its name and description here only. */

export interface NamespaceFlags extends KubeconfigFlags {
  readonly namespace?: string;
}

export interface AllNamespacesFlags extends NamespaceFlags {
  readonly allNamespaces?: boolean;
}

export interface OperatorFlags extends InstallationFlags {
  readonly operatorName: string;
  readonly url?: string;
}

const outputFormats = ["table", "wide", "json", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface OutputFlags {
  readonly output: OutputFormat;
}

/** `--kubeconfig`, `--context` and `--namespace`, as kubectl has them. */
export function withNamespace(command: Command): Command {
  return command
    .option("--kubeconfig <file>", "kubeconfig to use (default: kubectl's default)")
    .option("--context <name>", "kubeconfig context to use (default: the current context)")
    .option("-n, --namespace <name>", "namespace of the pool (default: the kubeconfig's)");
}

export function withAllNamespaces(command: Command): Command {
  return withNamespace(command).addOption(new Option("-A, --all-namespaces", "pools of all namespaces").conflicts("namespace"));
}

export interface InstallationFlags {
  readonly operatorNamespace: string;
}

/** Where operator and gateways are. */
export function withInstallation(command: Command): Command {
  return command.option("--operator-namespace <name>", "namespace in which AvatarPool is installed", "avatarpool");
}

/** Which operator leads. */
export function withOperatorName(command: Command): Command {
  return withInstallation(command).option(
    "--operator-name <name>",
    "name of the operator's Deployment: RELEASE-operator",
    OPERATOR_NAME,
  );
}

/** How to reach the leading operator. */
export function withOperator(command: Command): Command {
  return withOperatorName(command).option("--url <url>", "URL of the leading operator, to bypass the API server");
}

/** @param formats without `table`, which every command has. */
export function withOutput(command: Command, formats: readonly Exclude<OutputFormat, "table">[] = ["json", "yaml"]): Command {
  return command.addOption(new Option("-o, --output <format>", "output format").choices(["table", ...formats]).default("table"));
}
