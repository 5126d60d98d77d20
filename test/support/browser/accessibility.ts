import axe from "axe-core";
import type { Tab } from "./tab.ts";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
/** Of one rule. */
const MAX_NODES = 5;

/** Violations of WCAG 2.1 A and AA on the page, each with the elements. */
export async function violationsOf({ page }: Tab): Promise<readonly string[]> {
  // The page's security policy applies to its own scripts only.
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate(
    `axe.run(document, { runOnly: { type: "tag", values: ${JSON.stringify(TAGS)} }, resultTypes: ["violations"] })`,
  )) as axe.AxeResults;
  return violations.map(({ id, help, nodes }) => {
    const found = nodes.slice(0, MAX_NODES).map(({ target, failureSummary }) => `  ${target.join(" ")}: ${failureSummary}`);
    return [`${id}: ${help}`, ...found].join("\n");
  });
}
