/**
 * The text of one version in CHANGELOG.md, without its heading. The heading is `## 1.2.3`, and a date may follow.
 * @throws Error if the version has no section, or an empty one.
 */
export function changesOf(changelog: string, version: string): string {
  const lines = changelog.split("\n");
  const start = lines.findIndex((line) => line === `## ${version}` || line.startsWith(`## ${version} `));
  if (start < 0) throw new Error(`CHANGELOG.md has no section "## ${version}": rename "## Unreleased" to it`);
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith("## "));
  const section = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
  const text = section.join("\n").trim();
  if (text === "") throw new Error(`the section "## ${version}" of CHANGELOG.md is empty: list the changes of the version`);
  return text;
}
