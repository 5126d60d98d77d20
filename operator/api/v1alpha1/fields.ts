import { z } from "zod";
import { DURATION_PATTERN } from "../duration.ts";

/** One CEL rule of the CRD. `kubectl apply` prints only the message, so it is a whole sentence and says what to do. */
export interface CelRule {
  readonly rule: string;
  readonly message?: string;
  /** CEL expression for a message that names the offending value. Older clients fall back to `message`. */
  readonly messageExpression?: string;
}

/** Metadata of a schema that the CRD contains in addition to its description. */
export function rules(...validations: readonly CelRule[]): { readonly "x-kubernetes-validations": readonly CelRule[] } {
  return { "x-kubernetes-validations": validations };
}

/** A list whose items are identified by a key: duplicates are rejected, and two field managers may own different items. */
export function listOf<T extends z.ZodType>(item: T, key: string, max: number) {
  return z
    .array(item)
    .max(max)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });
}

const DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";

export function dnsLabel(maxLength: number, description: string) {
  return z
    .string()
    .min(1)
    .max(maxLength)
    .meta({
      description,
      ...rules({
        rule: `self.matches('${DNS_LABEL}')`,
        message: "the name must consist of lower-case letters, digits and '-', and start and end with a letter or digit",
      }),
    });
}

/** DNS subdomain: the name of a Secret, a claim, a class. */
export function objectName(description: string) {
  return z
    .string()
    .min(1)
    .max(253)
    .meta({
      description,
      ...rules({
        rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
        message: "the value must be the name of a Kubernetes object: lower-case letters, digits, '-' and '.'",
      }),
    });
}

export function dataKey(description: string) {
  return z
    .string()
    .min(1)
    .max(253)
    .meta({
      description,
      ...rules({
        rule: "self.matches('^[-._a-zA-Z0-9]+$')",
        message: "the value must be a key of a Secret or ConfigMap: letters, digits, '-', '_' and '.'",
      }),
    });
}

interface DurationRange {
  readonly min?: string;
  readonly max?: string;
}

export function duration(description: string, range: DurationRange = {}) {
  const message = "the value must be a duration: a whole number and a unit, such as 30s, 5m or 1h30m";
  return durationText(description, { rule: WELL_FORMED, message }, range);
}

/** A duration, or `auto`: the operator computes it. */
export function autoOrDuration(description: string, range: DurationRange = {}) {
  const message = "the value must be auto, or a duration: a whole number and a unit, such as 30s, 5m or 1h30m";
  return durationText(description, { rule: `self == 'auto' || ${WELL_FORMED}`, message }, range);
}

const WELL_FORMED = `self.matches('${DURATION_PATTERN}')`;

function durationText(description: string, form: CelRule, { min, max }: DurationRange) {
  const bounds: CelRule[] = [];
  if (min !== undefined)
    bounds.push({
      rule: `!${WELL_FORMED} || duration(self) >= duration('${min}')`,
      message: `the duration must be at least ${min}`,
    });
  if (max !== undefined)
    bounds.push({
      rule: `!${WELL_FORMED} || duration(self) <= duration('${max}')`,
      message: `the duration must be at most ${max}`,
    });
  return z
    .string()
    .max(32)
    .meta({ description, ...rules(form, ...bounds) });
}

const OCTET = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";
/** A name whose last part is not a number, an IPv4 address, or an IPv6 address in brackets: URL parsers agree on these hosts. */
const HOST = `(([-A-Za-z0-9_]+[.])*[A-Za-z_][-A-Za-z0-9_]*[.]?|(${OCTET}[.]){3}${OCTET}|\\\\[[0-9A-Fa-f:.]+\\\\])`;
const PORT = "([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";

/** Rule for a URL of some schemes, with a host that can be parsed. */
export function urlRule(schemes: string, message: string): CelRule {
  return { rule: `self.matches('^${schemes}://([^/?#@ ]*@)?${HOST}(:${PORT})?([/?#].*)?$')`, message };
}

export function httpUrl(description: string) {
  return z
    .string()
    .max(2048)
    .meta({ description, ...rules(urlRule("https?", "the value must be an http:// or https:// URL with a host")) });
}

export function count(description: string, min: number, max: number) {
  return z.int32().min(min).max(max).describe(description);
}

/** Part of a pod that is copied unchanged. The API server validates it as part of the Deployment. */
export function passedOn(description: string) {
  return z.record(z.string(), z.unknown()).meta({ description, "x-kubernetes-preserve-unknown-fields": true });
}

/** The forms of Kubernetes quantities, without negative ones. */
export const QUANTITY_PATTERN = "[+]?([0-9]{1,16}([.][0-9]{0,9})?|[.][0-9]{1,9})([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?";

/**
 * A quantity as in a Pod: a number, or a number with a unit in a string.
 * Only a schema node without a type accepts both, and CEL rules do not see such a node. When the API server rejects a value it prints
 * the pattern, so the pattern contains the message, as an alternative that cannot match: text never precedes the start of the input.
 */
export function quantity(description: string, examples: string) {
  const pattern = `^${QUANTITY_PATTERN}$|^the value must be a quantity such as ${examples}^`;
  return z.union([z.string(), z.number()]).meta({
    description,
    "x-kubernetes-preserve-unknown-fields": true,
    pattern,
    maxLength: 32,
    minimum: 0,
    // Excludes lists, objects and booleans.
    maxItems: 0,
    minItems: 1,
    maxProperties: 0,
    minProperties: 1,
    not: { enum: [true, false] },
  });
}

/**
 * Percentages in rules on an integer or string. Before Kubernetes 1.34 the cost estimate of a string function on such a value assumes
 * 3 MB, whatever its maxLength. The functions used here are exempt.
 */
const digits = (from: number) => `[${Array.from({ length: 10 - from }, (_, index) => `'${index + from}'`).join(", ")}]`;
export const FROM_1_TO_99_PERCENT = `self.size() in [2, 3] && self.endsWith('%') && self.charAt(0) in ${digits(1)} && (self.size() == 2 || self.charAt(1) in ${digits(0)})`;

/** A whole number or a percentage, as in a Deployment's `maxSurge` and `maxUnavailable`. */
export const countOrPercent = (description: string, max: number) =>
  z.union([z.int32(), z.string()]).meta({
    description,
    "x-kubernetes-int-or-string": true,
    maxLength: 8,
    ...rules({
      rule: `type(self) == int ? self >= 0 && self <= ${max} : self == '0%' || self == '100%' || ${FROM_1_TO_99_PERCENT}`,
      message: `the value must be a whole number of workers from 0 to ${max}, or a percentage such as 25%`,
    }),
  });
