import type { IncomingHttpHeaders } from "node:http";
import type { LaunchForm } from "../form/form.ts";

/** Longer ones are no tokens: they would only cost time. */
const MAX_LENGTH = 4_096;

/** The token that a launch brings in its headers: `Authorization: Bearer`, or `api-secret` as the JSON form has it. */
export function headerToken(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
  return limited(bearer ?? headerSecret(headers));
}

/** The token in the form, for clients that can set no header. */
export function fieldToken(form: LaunchForm): string | undefined {
  return limited(form.fields.get("api_secret"));
}

/**
 * The form with the maker's secret that is meant for the worker: the field `api_secret`, else the header `api-secret`; but
 * never what let the launch in at our own door, which the maker would refuse.
 */
export function withMakerSecret(form: LaunchForm, headers: IncomingHttpHeaders, used: string | undefined): LaunchForm {
  const candidates = [form.fields.get("api_secret"), headerSecret(headers)];
  const secret = candidates.find((candidate) => candidate && candidate !== used) ?? "";
  return { ...form, fields: new Map([...form.fields, ["api_secret", secret]]) };
}

function headerSecret(headers: IncomingHttpHeaders): string | undefined {
  const value = headers["api-secret"];
  return (Array.isArray(value) ? value[0] : value)?.trim();
}

function limited(token: string | undefined): string | undefined {
  const trimmed = token?.trim();
  return trimmed === undefined || trimmed === "" || trimmed.length > MAX_LENGTH ? undefined : trimmed;
}
