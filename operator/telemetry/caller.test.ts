import { expect, it } from "vitest";
import { addressOf, networkOf } from "./caller.ts";

it.each([
  ["10.1.2.3", "10.1.2.3", "10.1.2.3"],
  ["::ffff:10.1.2.3", "10.1.2.3", "10.1.2.3"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8::1", "2001:db8"],
  ["::1", "::1", ""],
  [undefined, "", ""],
  ["x".repeat(10_000), "x".repeat(45), "x".repeat(45)],
])("%.20s is logged as an address and counted by its network", (ip, address, network) => {
  expect([addressOf(ip), networkOf(ip)]).toEqual([address, network]);
});
