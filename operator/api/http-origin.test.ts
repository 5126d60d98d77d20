import { describe, expect, it } from "vitest";
import { httpOrigin } from "./http-origin.ts";

describe("httpOrigin", () => {
  it.each([
    ["10.0.0.1", 8089, "http://10.0.0.1:8089"],
    ["gateway.avatarpool.svc", 8081, "http://gateway.avatarpool.svc:8081"],
    ["fd00::1", 8089, "http://[fd00::1]:8089"],
    ["::1", 80, "http://[::1]:80"],
  ])("of %s and %i is %s", (address, port, origin) => {
    expect(httpOrigin(address, port)).toBe(origin);
  });

  it("is the same for every spelling of an IPv6 address", () => {
    expect(httpOrigin("FD00:0:0::0001", 8081)).toBe(httpOrigin("fd00::1", 8081));
  });

  it("rejects an IPv6 zone, and text that only resembles an IPv6 address", () => {
    expect(() => httpOrigin("fe80::1%eth0", 8089)).toThrow('address fe80::1%eth0 has a zone; give an address without "%"');
    expect(() => httpOrigin("fd00:::1", 8089)).toThrow("fd00:::1 is not an IPv6 address");
  });
});
