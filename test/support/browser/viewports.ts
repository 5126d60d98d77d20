import type { Viewport } from "puppeteer-core";

/** Sizes of windows, in CSS pixels. */
export const viewports = {
  phone: { width: 360, height: 740 },
  laptop: { width: 1_280, height: 800 },
  wide: { width: 2_560, height: 1_440 },
} as const satisfies Readonly<Record<string, Viewport>>;
