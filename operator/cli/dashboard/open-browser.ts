import { spawn } from "node:child_process";

/** Opens a URL in the user's browser. @returns false if this machine has no program for that. */
export function openBrowser(url: string, platform: NodeJS.Platform = process.platform): Promise<boolean> {
  const [command, args] =
    platform === "darwin"
      ? (["open", [url]] as const)
      : platform === "win32"
        ? (["rundll32", ["url.dll,FileProtocolHandler", url]] as const)
        : (["xdg-open", [url]] as const);
  return new Promise((resolve) => {
    const browser = spawn(command, args, { detached: true, stdio: "ignore" });
    browser.once("error", () => resolve(false));
    browser.once("spawn", () => {
      browser.unref();
      resolve(true);
    });
  });
}
