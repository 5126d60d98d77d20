/**
 * The origin of an HTTP server at an address and a port. An IPv6 address gets brackets and its canonical text, so that two
 * spellings of one address are equal.
 * @throws Error for an IPv6 address with a zone: a zone names an interface of one machine, and means nothing on another.
 */
export function httpOrigin(address: string, port: number): string {
  if (!address.includes(":")) return `http://${address}:${port}`;
  if (address.includes("%")) throw new Error(`address ${address} has a zone; give an address without "%"`);
  const url = `http://[${address}]:${port}`;
  if (!URL.canParse(url)) throw new Error(`address ${address} is not an IPv6 address; give one such as fd00::1`);
  // The port is added again because URL leaves out port 80.
  return `http://${new URL(url).hostname}:${port}`;
}
