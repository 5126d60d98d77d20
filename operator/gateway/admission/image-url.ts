import { badField, LaunchError } from "../errors.ts";

/**
 * The URL of a face image as workers are sent it: rewritten by the parser that checked it, so that a worker's own parser
 * cannot see another host in it.
 * @param hosts where images may lie: hosts, with a port where it is not the scheme's own, or `*.` and what hosts end with.
 *   Undefined: anywhere.
 * @throws LaunchError 400 or 403.
 */
export function checkedImageUrl(field: string, text: string, hosts: readonly string[] | undefined): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\/[^/\s]/i.test(text)) throw badField(field, "must be an http:// or https:// URL with a host");
  if (url.username !== "" || url.password !== "") {
    throw badField(field, "has a user name or a password in it: send a URL that needs none, such as a signed one");
  }
  if (hosts === undefined || hosts.some((allowed) => matches(url.host, allowed))) return url.href;
  throw new LaunchError(403, "image_host_forbidden", `${field} lies on ${url.host}; this pool takes images from ${listed(hosts)}`, {
    field,
  });
}

function matches(host: string, allowed: string): boolean {
  return allowed.startsWith("*.") ? host.endsWith(allowed.slice(1)) : host === allowed;
}

function listed(hosts: readonly string[]): string {
  return hosts.length === 0 ? "nowhere (launch.imageHosts is empty)" : `${hosts.join(", ")} (launch.imageHosts)`;
}
