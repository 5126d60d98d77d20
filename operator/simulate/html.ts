import { timelinePlot } from "./plot.ts";
import type { SimulationReport } from "./report.ts";
import { columns } from "./table.ts";

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --faint: #8a94a3; --slots: #9db4d6; --sessions: #2f6fb7; --queued: #c2410c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --paper: #14181f; --slots: #4a5f80; --sessions: #6aa5e8; --queued: #fb923c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
svg { width: 100%; height: auto; } svg text { fill: var(--faint); font-size: 11px; } svg .size { text-anchor: end; }
svg line { stroke: var(--faint); stroke-opacity: .25; } svg path { fill: none; stroke-width: 1.4; }
svg .slots { stroke: var(--slots); } svg .sessions { fill: var(--sessions); fill-opacity: .55; stroke: none; } svg .queued { stroke: var(--queued); }
.key span { margin-right: 1.2rem; } .key span::before { content: ""; display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; background: var(--of); }
dt { font-weight: 600; } dd { margin: 0 0 .3rem 1rem; }
`;

/** A self-contained page: a table of figures, and a plot over time for each policy. */
export function htmlPage({ title, about, outcomes }: SimulationReport): string {
  const top = Math.max(1, ...outcomes.flatMap(({ timeline }) => timeline.map(({ slots, queued }) => Math.max(slots, queued))));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title)}</title>
<style>${style}</style>
<h1>${html(title)}</h1>
${about.map((sentence) => `<p>${html(sentence)}</p>`).join("\n")}
<div class="scroll"><table>
<tr>${columns.map((column) => `<th title="${html(column.meaning)}">${html(column.title)}</th>`).join("")}</tr>
${outcomes.map((outcome) => `<tr>${columns.map(({ cell }) => `<td>${html(cell(outcome))}</td>`).join("")}</tr>`).join("\n")}
</table></div>
<p class="key"><span style="--of: var(--slots)">slots of all workers, including those that start</span><span style="--of: var(--sessions)">sessions</span><span style="--of: var(--queued)">waiting launches</span></p>
${outcomes.map(({ name, timeline }) => `<h2>${html(name)}</h2>\n${timelinePlot(html(name), timeline, top)}`).join("\n")}
<h2>Columns</h2>
<dl>${columns.map(({ title: term, meaning }) => `<dt>${html(term)}</dt><dd>${html(meaning)}</dd>`).join("")}</dl>
</html>
`;
}

function html(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.codePointAt(0)};`);
}
