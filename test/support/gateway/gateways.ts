import { FakeClock } from "../fake-clock.ts";
import { FakePeers } from "./fake-peers.ts";
import { FakeWorkers, type LaunchBehaviour } from "./fake-workers.ts";
import { gatewayHarness } from "./harness.ts";
import { testPool } from "./pool.ts";

export const gatewayNames = ["http://a", "http://b", "http://c"];

/** Three gateways before the same workers. */
export async function gateways(workers: Readonly<Record<string, LaunchBehaviour>> = { w1: "accept", w2: "accept" }) {
  const clock = new FakeClock();
  const fakes = new FakeWorkers();
  const peers = new FakePeers(clock, gatewayNames);
  const pool = testPool({ launch: { queue: { length: 10, deadline: "20s" } } });
  const members = gatewayNames.map((name) => {
    const gateway = gatewayHarness(pool, {
      clock,
      workers: fakes,
      peers: peers.seenBy(name),
      network: peers.networkOf(name, fakes),
    });
    peers.members.set(name, gateway.core);
    return gateway;
  });
  for (const [name, launch] of Object.entries(workers)) {
    fakes.add(name, { launch, slots: 4 });
    for (const gateway of members) await gateway.setRecord(name, {});
  }
  const at = (index: number) => members[index % members.length]!;
  const sessions = (room: string) => fakes.all().flatMap(({ rooms }) => rooms.filter((begun) => begun === room)).length;
  return { clock, fakes, peers, at, sessions };
}
