import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { toolPath } from "../test/support/controlplane/index.ts";
import { gatewayUrl } from "./gateway-url.ts";

const chart = path.join(import.meta.dirname, "..", "charts", "avatarpool");
const long = `${"a".repeat(39)}-${"b".repeat(10)}`;

/** The Service that Helm renders is the reference. */
describe("gatewayUrl", () => {
  let helm: string;
  beforeAll(async () => {
    helm = await toolPath("helm");
  });

  it.each([
    { title: "defaults", release: "avatarpool", values: {} },
    { title: "a release of another name", release: "other", values: {} },
    { title: "a long name", release: long, values: {} },
    { title: "overrides", release: "avatarpool", values: { fullnameOverride: "voices", namespaceOverride: "elsewhere" } },
    { title: "a Secret with a certificate", release: "avatarpool", values: { gateway: { tls: { secretName: "tls" } } } },
    {
      title: "cert-manager",
      release: "avatarpool",
      values: { gateway: { certificate: { enabled: true, issuerRef: { name: "ca" } } } },
    },
  ])("is the Service that the chart makes, with $title", async ({ release, values }) => {
    const { name, namespace, port } = await service(release, values);
    const url = new URL(gatewayUrl({ release, namespace: "platform", values }));
    expect(url.hostname).toBe(`${name}.${namespace}`);
    expect({ "http:": 80, "https:": 443 }[url.protocol]).toBe(port);
  });

  async function service(release: string, values: object) {
    const args = ["template", release, chart, "--namespace=platform", "--values=-", "--show-only=templates/gateway-services.yaml"];
    const running = promisify(execFile)(helm, [...args, "--api-versions=cert-manager.io/v1/Certificate"]);
    running.child.stdin?.end(JSON.stringify(values));
    const services = parseAllDocuments((await running).stdout).map((document) => document.toJS());
    const { metadata, spec } = services.find(({ spec }) => spec.ports[0].name === "launch");
    return { name: metadata.name, namespace: metadata.namespace, port: spec.ports[0].port };
  }
});
