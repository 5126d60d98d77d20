import puppeteer, { type Browser } from "puppeteer-core";
import type { Progress } from "../controlplane/index.ts";
import { ensurePackages, programOf } from "../debian.ts";

/** @throws Error that lists the packages to install, if this process may not install them. */
export function ensureChromium(progress: Progress): void {
  ensurePackages(["chromium", "fonts-dejavu-core"], progress);
}

/** Debian's Chromium without a window. It ends with this process, and reaches nothing but loopback. */
export async function startChromium(): Promise<Browser> {
  return puppeteer.launch({
    executablePath: programOf("chromium"),
    // Chromium ends when its pipe closes, also if this process is killed.
    pipe: true,
    args: [
      // Chromium's sandbox refuses to run as root.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      // /dev/shm of a container may be too small.
      "--disable-dev-shm-usage",
      "--no-proxy-server",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      // Equal pictures on every machine.
      "--force-color-profile=srgb",
      "--font-render-hinting=none",
      "--lang=en-US",
    ],
    env: { ...process.env, TZ: "UTC" },
    // The limit of a command to the browser, on a busy machine.
    protocolTimeout: 60_000,
  });
}
