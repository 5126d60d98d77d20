/** Longest text of an address: IPv6 with an IPv4 part. A longer text from a proxy is no address. */
const MAX_ADDRESS_LENGTH = 45;
const MAPPED_IPV4 = "::ffff:";
/** Groups of an IPv6 address that name its network: a client has a whole /64. */
const NETWORK_GROUPS = 4;

export interface Caller {
  /** The client's address; behind trusted proxies the one that they have forwarded. Undefined once the connection is gone. */
  readonly ip: string | undefined;
  readonly raw: { readonly socket: { readonly remoteAddress?: string | undefined } };
}

/** The address for logs: IPv4 in dotted form, even if it arrived at an IPv6 socket. */
export function addressOf(ip = ""): string {
  const address = ip.startsWith(MAPPED_IPV4) ? ip.slice(MAPPED_IPV4.length) : ip;
  return address.slice(0, MAX_ADDRESS_LENGTH);
}

/** Identifies clients without a token: an IPv4 address, or the /64 network of an IPv6 address. */
export function networkOf(ip: string | undefined): string {
  const address = addressOf(ip);
  if (!address.includes(":")) return address;
  const [before = ""] = address.split("::", 1);
  return before.split(":").slice(0, NETWORK_GROUPS).join(":");
}
