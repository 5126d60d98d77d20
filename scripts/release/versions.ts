import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { root } from "../bundles.ts";

/** A version as a file of this repository states it. */
export interface StatedVersion {
  readonly where: string;
  readonly version: string;
}

const JSON_FILES = ["package.json", "pulumi/package.json"];
const CHART = "charts/avatarpool/Chart.yaml";

/** Every place of the release's version. The CPU worker has its own version. */
export async function statedVersions(): Promise<readonly StatedVersion[]> {
  const packages = await Promise.all(
    JSON_FILES.map(async (file) => ({ where: file, version: JSON.parse(await text(file)).version })),
  );
  const chart = parse(await text(CHART));
  const ofChart = ["version", "appVersion"].map((field) => ({ where: `${CHART} (${field})`, version: chart[field] }));
  return [...packages, ...ofChart];
}

/**
 * The version of a tag such as `v1.2.3` or `v1.2.3-rc.1`.
 * @throws Error if the tag has another form, or a file states another version.
 */
export function releasedVersion(tag: string, stated: readonly StatedVersion[]): string {
  const version = /^v(\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?)$/.exec(tag)?.[1];
  if (version === undefined) throw new Error(`the tag ${tag} is not a version: use the form v1.2.3 or v1.2.3-rc.1`);
  const others = stated.filter((one) => one.version !== version).map((one) => `${one.where} states ${one.version}`);
  if (others.length > 0) throw new Error(`the tag is ${tag}, but ${others.join(", ")}: set ${version} there, then tag again`);
  return version;
}

function text(file: string): Promise<string> {
  return readFile(path.join(root, file), "utf8");
}
