import { KubeConfig } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { CredentialSource, sameTls } from "./credentials.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

function sourceOf(user: Record<string, string>, cluster: Record<string, string> = {}): CredentialSource {
  const config = new KubeConfig();
  const server = { name: "c", server: "https://127.0.0.1:6443", skipTLSVerify: false, ...cluster };
  config.loadFromClusterAndUser(server, { name: "u", ...user });
  return new CredentialSource(config, new FakeClock());
}

describe("CredentialSource", () => {
  it("reads client certificate, authority and server name from the kubeconfig", async () => {
    const user = { certData: base64("cert"), keyData: base64("key") };
    const { headers, tls } = await sourceOf(user, { caData: base64("authority"), tlsServerName: "kubernetes" }).current();
    expect(headers).toEqual({});
    const texts = Object.fromEntries(Object.entries(tls).map(([name, value]) => [name, String(value)]));
    expect(texts).toEqual({ ca: "authority", cert: "cert", key: "key", servername: "kubernetes" });
  });

  it("sends a user name and password, and the impersonated user", async () => {
    const { headers } = await sourceOf({ username: "ann", password: "secret", impersonateUser: "bob" }).current();
    expect(headers).toEqual({ Authorization: `Basic ${base64("ann:secret")}`, "Impersonate-User": "bob" });
  });

  it("retries after a failed read", async () => {
    const source = sourceOf({ certFile: "/nonexistent/cert.pem" });
    await expect(source.current()).rejects.toThrow("ENOENT");
    await expect(source.current()).rejects.toThrow("ENOENT");
  });
});

describe("sameTls", () => {
  it("detects a rotated certificate, in the same or another type of value", () => {
    expect(sameTls({ cert: Buffer.from("a") }, { cert: "a" })).toBe(true);
    expect(sameTls({ cert: "a" }, { cert: "b" })).toBe(false);
    expect(sameTls({}, { rejectUnauthorized: false })).toBe(false);
  });
});
