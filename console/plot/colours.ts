/** The colours of the plots. `plot.css` defines `--plot-NAME` of each for the light and the dark scheme. */
export const plotColours = ["ink", "grid", "mark", "limit", "sessions", "slots", "wanted", "bad", "waiting", "startup"] as const;
export type PlotColour = (typeof plotColours)[number];

/** The colour in the present scheme, for a canvas. */
export function colourOf(name: PlotColour, alpha = 1): string {
  const colour = getComputedStyle(document.documentElement).getPropertyValue(`--plot-${name}`).trim();
  return alpha === 1 ? colour : `color-mix(in srgb, ${colour} ${Math.round(100 * alpha)}%, transparent)`;
}

/** Calls back when the scheme of the device or of the page changes. @returns a function that ends it. */
export function onColoursChange(changed: () => void): () => void {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const page = new MutationObserver(changed);
  scheme.addEventListener("change", changed);
  page.observe(document.documentElement, { attributes: true });
  return () => {
    scheme.removeEventListener("change", changed);
    page.disconnect();
  };
}
