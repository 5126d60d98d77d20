import { createHash } from "node:crypto";
import type { SimulationReport } from "./report.ts";

/** Name of the two files in the console's folder. */
export const SIMULATION_PAGE = "simulation";

/** The script and the style of the console's simulation page. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/**
 * A self-contained page of a simulation: it contains its script, style and data, and its policy allows no other source. The script
 * shows the data with the components of the console.
 */
export function htmlPage(report: SimulationReport, assets: PageAssets): string {
  const script = assets.script.replaceAll("</script", "<\\/script");
  const style = assets.style.replaceAll("</style", "<\\/style");
  const policy = `default-src 'none'; script-src '${digest(script)}'; style-src '${digest(style)}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(report.title)}</title>
<style>${style}</style>
<main><noscript>This page shows a simulation with a script. Allow scripts, or use avatarpool simulate --json.</noscript></main>
<script type="application/json" id="report">${JSON.stringify(report).replaceAll("<", "\\u003c")}</script>
<script>${script}</script>
</html>
`;
}

function digest(content: string): string {
  return `sha256-${createHash("sha256").update(content).digest("base64")}`;
}

function html(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.codePointAt(0)};`);
}
