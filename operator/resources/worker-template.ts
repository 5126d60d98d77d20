import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { V1PodTemplateSpec } from "@kubernetes/client-node";
import { annotations } from "../api/names.ts";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";
import { podTemplate } from "./pod-template.ts";
import { templateInputs } from "./template-inputs.ts";

/**
 * What operator, gateways and the containers of ours in a worker pod rely on in each other: the gate, the marks, the drain
 * hook, the worker's port and its number of sessions. Raised if a version changes one of them.
 */
export const SIDECAR_CONTRACT = 1;
/** The oldest contract that this version works with. */
export const OLDEST_CONTRACT = 1;

/** Compressed. All annotations of an object may have 256 kB. */
const RECORD_LIMIT = 128_000;
const TEMPLATE_LIMIT_BYTES = 4_000_000;

/** A pod template, with what its Deployment records of it. */
export interface WorkerTemplate {
  readonly template: V1PodTemplateSpec;
  /** Of the user's inputs that it was made from. */
  readonly inputs: string;
  /** Image of the AvatarPool that rendered it. */
  readonly renderedBy: string;
  readonly contract: number;
}

/** What a Deployment records of the template that it has. */
export interface TemplateRecord {
  readonly inputs: string;
  readonly renderedBy: string;
  readonly contract: number;
  /** The template as it was applied, compressed: what others have changed or filled in since is not in it. */
  readonly applied: string;
}

/** The template that a group is to have, and whether it is kept from another version although this one renders it differently. */
export interface ChosenTemplate extends WorkerTemplate {
  readonly kept: boolean;
}

/** @param image of this AvatarPool, for its containers in worker pods. */
export function renderTemplate(pool: PoolConfig, group: GroupConfig, image: string): WorkerTemplate {
  return {
    template: podTemplate(pool, group, image),
    inputs: templateInputs(pool, group),
    renderedBy: image,
    contract: SIDECAR_CONTRACT,
  };
}

/**
 * An upgrade replaces no worker: the standing template is kept while the user's inputs are those that it was made from,
 * unless the group takes what a new version renders at once.
 */
export function chooseTemplate(
  rendered: WorkerTemplate,
  standing: TemplateRecord | undefined,
  onUpgrade: "keep" | "replace",
): ChosenTemplate {
  const fresh = { ...rendered, kept: false };
  if (standing === undefined || standing.inputs !== rendered.inputs || onUpgrade === "replace") return fresh;
  const template = decode(standing.applied);
  if (template === undefined || templateHash(template) === templateHash(rendered.template)) return fresh;
  const { inputs, renderedBy, contract } = standing;
  return { template, inputs, renderedBy, contract, kept: true };
}

/** Hash of a template, as on the pods made from it. */
export function templateHash({ metadata }: V1PodTemplateSpec): string {
  return metadata?.annotations?.[annotations.template] ?? "";
}

/** Annotations of the Deployment. A template that is too large is not recorded: an upgrade then renders it anew. */
export function recordOf({ template, inputs, renderedBy, contract }: WorkerTemplate): Record<string, string> {
  const applied = deflateRawSync(JSON.stringify(template)).toString("base64");
  return {
    [annotations.templateInputs]: inputs,
    [annotations.renderedBy]: renderedBy,
    [annotations.sidecarContract]: String(contract),
    ...(applied.length > RECORD_LIMIT ? {} : { [annotations.appliedTemplate]: applied }),
  };
}

/** Undefined where nothing, or not enough, is recorded. */
export function parseRecord(noted: Readonly<Record<string, string>> = {}): TemplateRecord | undefined {
  const inputs = noted[annotations.templateInputs];
  const renderedBy = noted[annotations.renderedBy];
  const applied = noted[annotations.appliedTemplate];
  if (inputs === undefined || renderedBy === undefined || applied === undefined) return undefined;
  return { inputs, renderedBy, applied, contract: Number(noted[annotations.sidecarContract] ?? 0) };
}

/** Undefined if somebody damaged it. */
function decode(applied: string): V1PodTemplateSpec | undefined {
  try {
    const json = inflateRawSync(Buffer.from(applied, "base64"), { maxOutputLength: TEMPLATE_LIMIT_BYTES }).toString();
    return JSON.parse(json) as V1PodTemplateSpec;
  } catch {
    return undefined;
  }
}
