import { badField, LaunchError } from "../errors.ts";

/**
 * Checks the URL of a face image.
 * @param hosts the allowed hosts: a host, with its port unless that is the default of the scheme, or `*.` and a domain.
 *   Undefined allows all hosts.
 * @returns the URL as its parser wrote it, so that a worker's parser cannot find another host in it.
 * @throws LaunchError 400 or 403.
 */
export function checkedImageUrl(field: string, text: string, hosts: readonly string[] | undefined): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\/[^/\s]/i.test(text)) throw badField(field, "must be an http:// or https:// URL with a host");
  if (url.username !== "" || url.password !== "") {
    throw badField(field, "contains a user name or a password: send a URL without them, such as a signed one");
  }
  if (hosts === undefined || hosts.some((allowed) => matches(url.host, allowed))) return url.href;
  const message = `${field} has the host ${url.host}, which this pool does not allow: ${listed(hosts)}`;
  throw new LaunchError(403, "image_host_forbidden", message, { field });
}

function matches(host: string, allowed: string): boolean {
  return allowed.startsWith("*.") ? host.endsWith(allowed.slice(1)) : host === allowed;
}

function listed(hosts: readonly string[]): string {
  return hosts.length === 0 ? "launch.imageHosts is empty" : `use one of ${hosts.join(", ")} (launch.imageHosts)`;
}
