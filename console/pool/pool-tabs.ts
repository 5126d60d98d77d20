import type { ComponentType } from "preact";
import type { PoolTab } from "../shell/route.ts";
import type { PoolTabProps } from "./pool-tab-props.ts";

interface PoolTabEntry {
  readonly tab: PoolTab;
  readonly title: string;
  readonly load: () => Promise<ComponentType<PoolTabProps>>;
}

/** The tabs of a pool, in their order. Each page is loaded when it is first opened. */
export const poolTabEntries: readonly PoolTabEntry[] = [
  { tab: "live", title: "Live", load: () => import("./live/live-tab.tsx").then(({ LiveTab }) => LiveTab) },
  { tab: "time", title: "Time", load: () => import("../time/time-page.tsx").then(({ TimePage }) => TimePage) },
  { tab: "why", title: "Why", load: () => import("../why/why-page.tsx").then(({ WhyPage }) => WhyPage) },
  { tab: "what-if", title: "What if", load: () => import("../what-if/what-if-page.tsx").then(({ WhatIfPage }) => WhatIfPage) },
  { tab: "launch", title: "Launch", load: () => import("../launch/launch-page.tsx").then(({ LaunchPage }) => LaunchPage) },
];
