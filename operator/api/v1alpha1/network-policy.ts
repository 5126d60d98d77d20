import { z } from "zod";
import { count, passedOn, rules } from "./fields.ts";

const cidr = (description: string) => z.string().min(1).max(43).describe(description);

const peer = z
  .object({
    podSelector: passedOn("Labels of the pods. Default: every pod of the namespaces.").optional(),
    namespaceSelector: passedOn("Labels of the namespaces. Default: the pool's namespace.").optional(),
    ipBlock: z
      .object({
        cidr: cidr("Range of addresses, such as 10.0.0.0/8."),
        except: z.array(cidr("Range of addresses.")).max(16).describe("Ranges inside `cidr` that are excluded.").optional(),
      })
      .describe("Addresses outside the cluster's pods.")
      .optional(),
  })
  .meta({
    description: "A peer, as in a NetworkPolicy.",
    ...rules({
      rule: "has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))",
      message: "a peer needs either ipBlock, or podSelector and namespaceSelector: split it into two peers",
    }),
  });

const port = z
  .object({
    protocol: z.enum(["TCP", "UDP", "SCTP"]).default("TCP").describe("Protocol of the port."),
    port: count("Number of the port, or first number of a range.", 1, 65_535),
    endPort: count("Last number of a range of ports.", 1, 65_535).optional(),
  })
  .meta({
    description: "A port, as in a NetworkPolicy.",
    ...rules({ rule: "!has(self.endPort) || self.port <= self.endPort", message: "endPort must not be less than port" }),
  });

const peers = (description: string) => z.array(peer).min(1).max(16).describe(description).optional();
const ports = z.array(port).min(1).max(16).describe("Ports. Default: all.").optional();

export const networkPolicySchema = z
  .object({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        "Whether the operator writes the NetworkPolicy. It writes none in any case if the chart's value `networkPolicy.workers` is false.",
      ),
    ingress: z
      .array(z.object({ from: peers("Who may connect. Default: every peer."), ports }).describe("Connections to workers."))
      .max(16)
      .default([])
      .describe("Connections to workers that are allowed in addition to those of gateways and operator."),
    egress: z
      .array(z.object({ to: peers("Where workers may connect. Default: every peer."), ports }).describe("Connections of workers."))
      .max(32)
      .describe(
        "If set, workers may open only these connections. They need DNS, the LiveKit servers of all launches, the maker's API, and the hosts of images and models. Not limited if absent.",
      )
      .optional(),
  })
  .describe(
    "NetworkPolicy of the workers. A worker accepts a launch from any client that reaches it, so only gateways and operator may connect. Requires a network plugin that enforces NetworkPolicies.",
  )
  .prefault({});
