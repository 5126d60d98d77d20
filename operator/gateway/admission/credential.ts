import type { IncomingHttpHeaders } from "node:http";
import type { LaunchForm } from "../launch/launch-form.ts";

/** A longer text is not a token and is not checked. */
const MAX_LENGTH = 4_096;

/** The token in the headers of a launch: `Authorization: Bearer`, or `api-secret`, which clients of the JSON form send. */
export function headerToken(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer[ \t]+(\S.*)$/i.exec(headers.authorization ?? "")?.[1];
  return limited(canonical(bearer) ?? headerSecret(headers));
}

/** The token in the form, for clients that cannot set a header. */
export function fieldToken(form: LaunchForm): string | undefined {
  return limited(canonical(form.fields.get("api_secret")));
}

/**
 * The form with the maker's secret for the worker: the field `api_secret`, else the header `api-secret`. A token of the pool
 * is left out: the maker would reject it, and workers must not have it.
 * @param isToken whether a text is a token of the pool.
 */
export function withMakerSecret(form: LaunchForm, headers: IncomingHttpHeaders, isToken: (text: string) => boolean): LaunchForm {
  const candidates = [canonical(form.fields.get("api_secret")), headerSecret(headers)];
  const secret = candidates.find((candidate) => candidate !== undefined && !isToken(candidate)) ?? "";
  return { ...form, fields: new Map([...form.fields, ["api_secret", secret]]) };
}

function headerSecret(headers: IncomingHttpHeaders): string | undefined {
  const value = headers["api-secret"];
  return canonical(Array.isArray(value) ? value[0] : value);
}

/** A secret without white space around it; undefined if nothing is left. */
function canonical(secret: string | undefined): string | undefined {
  return secret?.trim() || undefined;
}

function limited(token: string | undefined): string | undefined {
  return token !== undefined && token.length <= MAX_LENGTH ? token : undefined;
}
