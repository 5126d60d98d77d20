/**
 * The origin of an HTTP server at an address and a port. An IPv6 address is canonicalized and put in brackets, so that all
 * spellings of an address are equal.
 * @throws Error for an IPv6 address with a zone: a zone is valid on one machine only.
 */
export function httpOrigin(address: string, port: number): string {
  if (!address.includes(":")) return `http://${address}:${port}`;
  if (address.includes("%")) throw new Error(`address ${address} has a zone; give an address without "%"`);
  const url = `http://[${address}]:${port}`;
  if (!URL.canParse(url)) throw new Error(`address ${address} is not an IPv6 address; give one such as fd00::1`);
  // URL omits port 80, so the port is added again.
  return `http://${new URL(url).hostname}:${port}`;
}
