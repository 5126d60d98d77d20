import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { V1PodTemplateSpec } from "@kubernetes/client-node";
import { annotations } from "../api/names.ts";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";
import { overlayProblems } from "./overlay-limits.ts";
import { podTemplate } from "./pod-template.ts";
import { templateInputs } from "./template-inputs.ts";

/**
 * Version of the contract between the operator, the gateways and the containers of AvatarPool in a worker pod: the gate, the
 * marks, the drain hook, the port and the number of sessions. A version that changes one of them increases it.
 */
export const SIDECAR_CONTRACT = 1;
export const OLDEST_CONTRACT = 1;

/** Limit of the compressed template. All annotations of an object together may have 256 kB. */
const RECORD_LIMIT = 128_000;
const TEMPLATE_LIMIT_BYTES = 4_000_000;
const MOST_PROBLEMS = 3;

/** A pod template and the record of it on its Deployment. */
export interface WorkerTemplate {
  readonly template: V1PodTemplateSpec;
  /** Hash of the user's inputs. */
  readonly inputs: string;
  /** Image of the AvatarPool that rendered it. */
  readonly renderedBy: string;
  readonly contract: number;
  /** Why the `podTemplate` of the group is rejected. */
  readonly refused?: string;
}

/** Distinguishes a template and its record from others. */
export interface TemplateId extends Pick<WorkerTemplate, "inputs" | "renderedBy" | "contract"> {
  readonly hash: string;
}

export interface TemplateRecord extends TemplateId {
  /** The applied template, compressed, without later changes by others or by the API server. */
  readonly applied: string;
}

/** The template that the operator applies to a group. */
export interface ChosenTemplate extends WorkerTemplate {
  /** Why the present template is kept: another version rendered the new one, or the overlay is rejected. */
  readonly kept: "upgrade" | "refused" | undefined;
}

/** @param image image of this AvatarPool version, for its containers in worker pods. */
export function renderTemplate(pool: PoolConfig, group: GroupConfig, image: string): WorkerTemplate {
  const problems = overlayProblems(group).slice(0, MOST_PROBLEMS).join("; ");
  const effect = "its workers stay unchanged until it is corrected";
  return {
    template: podTemplate(pool, group, image),
    inputs: templateInputs(pool, group),
    renderedBy: image,
    contract: SIDECAR_CONTRACT,
    ...(problems === "" ? {} : { refused: `podTemplate of group ${group.name} is refused: ${problems}; ${effect}` }),
  };
}

/**
 * Chooses between the present and the rendered template. An upgrade replaces no worker: the present template is kept while the
 * user's inputs are unchanged, unless the group has `rollout.onUpgrade: replace`. It is also kept while the overlay is rejected.
 * @returns undefined if the overlay is rejected and no template is recorded.
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

/** Hash of a template, as in the label of its pods. */
export function templateHash({ metadata }: V1PodTemplateSpec): string {
  return metadata?.annotations?.[annotations.template] ?? "";
}

export function templateId({ template, inputs, renderedBy, contract }: WorkerTemplate): TemplateId {
  return { hash: templateHash(template), inputs, renderedBy, contract };
}

/** Annotations of the Deployment. A template that is too large is not recorded, so an upgrade renders it again. */
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

/** Undefined if the record is absent or incomplete. */
export function parseRecord(noted: Readonly<Record<string, string>> = {}): TemplateRecord | undefined {
  const hash = noted[annotations.template];
  const inputs = noted[annotations.templateInputs];
  const renderedBy = noted[annotations.renderedBy];
  const applied = noted[annotations.appliedTemplate];
  if (hash === undefined || inputs === undefined || renderedBy === undefined || applied === undefined) return undefined;
  return { hash, inputs, renderedBy, applied, contract: Number(noted[annotations.sidecarContract] ?? 0) };
}

/** Undefined if the annotation is damaged. */
function decode(applied: string): V1PodTemplateSpec | undefined {
  try {
    const json = inflateRawSync(Buffer.from(applied, "base64"), { maxOutputLength: TEMPLATE_LIMIT_BYTES }).toString();
    return JSON.parse(json) as V1PodTemplateSpec;
  } catch {
    return undefined;
  }
}
