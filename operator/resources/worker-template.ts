import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { V1PodTemplateSpec } from "@kubernetes/client-node";
import { annotations } from "../api/names.ts";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";
import { overlayProblems } from "./overlay-limits.ts";
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
/** In one sentence. */
const MOST_PROBLEMS = 3;

/** A pod template, with what its Deployment records of it. */
export interface WorkerTemplate {
  readonly template: V1PodTemplateSpec;
  /** Of the user's inputs that it was made from. */
  readonly inputs: string;
  /** Image of the AvatarPool that rendered it. */
  readonly renderedBy: string;
  readonly contract: number;
  /** Why the group's overlay on the pod cannot be applied. */
  readonly refused?: string;
}

/** What a Deployment records of the template that it has. */
export interface TemplateRecord {
  readonly hash: string;
  readonly inputs: string;
  readonly renderedBy: string;
  readonly contract: number;
  /** The template as it was applied, compressed: what others have changed or filled in since is not in it. */
  readonly applied: string;
}

/** The template that a group is to have. */
export interface ChosenTemplate extends WorkerTemplate {
  /** Why it is the standing one although another was rendered: by another version, or from an overlay that is refused. */
  readonly kept: "upgrade" | "refused" | undefined;
}

/** @param image of this AvatarPool, for its containers in worker pods. */
export function renderTemplate(pool: PoolConfig, group: GroupConfig, image: string): WorkerTemplate {
  const problems = overlayProblems(group).slice(0, MOST_PROBLEMS).join("; ");
  const effect = "its workers stay as they are until it is corrected";
  return {
    template: podTemplate(pool, group, image),
    inputs: templateInputs(pool, group),
    renderedBy: image,
    contract: SIDECAR_CONTRACT,
    ...(problems === "" ? {} : { refused: `podTemplate of group ${group.name} is refused: ${problems}; ${effect}` }),
  };
}

/**
 * An upgrade replaces no worker: the standing template is kept while the user's inputs are those that it was made from,
 * unless the group takes what a new version renders at once. It is kept as well while the group's overlay is refused.
 * @returns undefined where the overlay is refused and no template is recorded.
 */
export function chooseTemplate(
  rendered: WorkerTemplate,
  standing: TemplateRecord | undefined,
  onUpgrade: "keep" | "replace",
): ChosenTemplate | undefined {
  if (rendered.refused !== undefined) return standing && kept(standing, "refused");
  const fresh = { ...rendered, kept: undefined };
  if (standing === undefined || standing.inputs !== rendered.inputs || onUpgrade === "replace") return fresh;
  return standing.hash === templateHash(rendered.template) ? fresh : (kept(standing, "upgrade") ?? fresh);
}

function kept({ applied, inputs, renderedBy, contract }: TemplateRecord, why: "upgrade" | "refused"): ChosenTemplate | undefined {
  const template = decode(applied);
  return template && { template, inputs, renderedBy, contract, kept: why };
}

/** Hash of a template, as on the pods made from it. */
export function templateHash({ metadata }: V1PodTemplateSpec): string {
  return metadata?.annotations?.[annotations.template] ?? "";
}

/** Annotations of the Deployment. A template that is too large is not recorded: an upgrade then renders it anew. */
export function recordOf({ template, inputs, renderedBy, contract }: WorkerTemplate): Record<string, string> {
  const applied = deflateRawSync(JSON.stringify(template)).toString("base64");
  return {
    [annotations.template]: templateHash(template),
    [annotations.templateInputs]: inputs,
    [annotations.renderedBy]: renderedBy,
    [annotations.sidecarContract]: String(contract),
    ...(applied.length > RECORD_LIMIT ? {} : { [annotations.appliedTemplate]: applied }),
  };
}

/** Undefined where nothing, or not enough, is recorded. */
export function parseRecord(noted: Readonly<Record<string, string>> = {}): TemplateRecord | undefined {
  const hash = noted[annotations.template];
  const inputs = noted[annotations.templateInputs];
  const renderedBy = noted[annotations.renderedBy];
  const applied = noted[annotations.appliedTemplate];
  if (hash === undefined || inputs === undefined || renderedBy === undefined || applied === undefined) return undefined;
  return { hash, inputs, renderedBy, applied, contract: Number(noted[annotations.sidecarContract] ?? 0) };
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
