import { describe, expect, it } from "vitest";
import { LaunchError } from "../errors.ts";
import { checkedImageUrl } from "./image-url.ts";

function check(url: string, hosts?: readonly string[]): string {
  try {
    return checkedImageUrl("avatar_image_url", url, hosts);
  } catch (error) {
    if (error instanceof LaunchError) return `${error.status} ${error.message}`;
    throw error;
  }
}

describe("checkedImageUrl", () => {
  it.each(["https://example.com/me.jpg?size=1&sig=a%2Fb", "http://10.0.0.1:8080/me.jpg"])(
    "allows any host by default: %s",
    (url) => {
      expect(check(url)).toBe(url);
    },
  );

  it.each([
    "file:///etc/passwd",
    "ftp://example.com/a",
    "//example.com/a",
    "https:///a",
    "https:example.com",
    "javascript:1",
    "http://[::1",
  ])("rejects %s", (url) => {
    expect(check(url)).toMatch(/^400 avatar_image_url must be an http:\/\/ or https:\/\/ URL/);
  });

  it("rejects credentials, and does not repeat them", () => {
    expect(check("https://me:pw@example.com/a")).toMatch(/^400 .*user name or a password/);
    expect(check("https://me:pw@example.com/a")).not.toContain("pw@");
  });

  it.each([
    ["https://images.example.com/a", true],
    ["https://IMAGES.example.com:443/a", true],
    ["https://a.b.cdn.example.org/a", true],
    ["http://store.internal:9000/a", true],
    ["https://images.example.com:8443/a", false],
    ["http://store.internal/a", false],
    ["https://cdn.example.org/a", false],
    ["https://images.example.com.evil.test/a", false],
    ["https://evilcdn.example.org/a", false],
    ["https://evil.test/images.example.com", false],
    // URL parsers disagree about the host here. The gateway's parser decides, and the worker gets its result.
    ["https://evil.test\\@images.example.com/a", false],
    ["http://169.254.169.254/latest/meta-data", false],
  ])("with a list of hosts: %s is allowed: %s", (url, allowed) => {
    const hosts = ["images.example.com", "*.cdn.example.org", "store.internal:9000"];
    expect(check(url, hosts).startsWith("403 ")).toBe(!allowed);
  });

  it("lists the allowed hosts", () => {
    expect(check("https://evil.test/a", ["images.example.com"])).toBe(
      "403 avatar_image_url has the host evil.test, which this pool does not allow: use one of images.example.com (launch.imageHosts)",
    );
  });
});
