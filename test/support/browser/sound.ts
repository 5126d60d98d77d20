import { expect } from "vitest";
import { violationsOf } from "./accessibility.ts";
import { filled, likeness, pictureOf } from "./picture.ts";
import type { Tab } from "./tab.ts";
import { viewports } from "./viewports.ts";

/**
 * Asserts what holds for every page in every state: accessible and with equal layouts in both colour schemes, no wider than a phone
 * and a large window, and no errors. It leaves the tab with light colours and the size of a laptop.
 */
export async function expectSound(tab: Tab): Promise<void> {
  await tab.colours("dark");
  expect.soft(await violationsOf(tab), "accessibility, dark").toEqual([]);
  const dark = await pictureOf(tab.page);
  await tab.colours("light");
  const light = await pictureOf(tab.page);
  expect.soft(light.background, "luminance of the light page").toBeGreaterThan(0.8);
  expect.soft(dark.background, "luminance of the dark page").toBeLessThan(0.25);
  expect.soft(filled(light), "share of the window that shows something").toBeGreaterThan(0.1);
  expect.soft(likeness(light, dark), "likeness of the layouts in both schemes").toBeGreaterThan(0.75);
  for (const [name, viewport] of Object.entries(viewports)) {
    await tab.page.setViewport(viewport);
    expect.soft(await tab.overflow(), `pixels that do not fit into the width of a ${name}`).toBeLessThanOrEqual(0);
    if (name === "phone") expect.soft(await violationsOf(tab), "accessibility, light, on a phone").toEqual([]);
  }
  await tab.page.setViewport(viewports.laptop);
  expect(tab.problems()).toEqual([]);
}
