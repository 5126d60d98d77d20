/**
 * Presets that the same groups serve. They share their slots: a free slot serves the next launch of any of them. So demand is
 * counted and forecast per set.
 */
export interface ServingSet {
  /** Names of its groups, in the order in which they are filled, joined by "+". */
  readonly key: string;
  readonly groups: readonly string[];
  /** Contains `CUSTOM_AVATAR` if the groups accept any face image. */
  readonly presets: readonly string[];
}

/**
 * Divides the presets into serving sets. Sets with the fewest groups come first, because they have the least choice. A preset
 * that no group serves is in no set.
 * @param groups in the order in which they are filled.
 */
export function servingSets(
  groups: readonly { readonly name: string; readonly serves: ReadonlySet<string> }[],
  presets: readonly string[],
): readonly ServingSet[] {
  const sets = new Map<string, { readonly groups: readonly string[]; readonly presets: string[] }>();
  for (const preset of presets) {
    const names = groups.filter(({ serves }) => serves.has(preset)).map(({ name }) => name);
    if (names.length === 0) continue;
    const key = names.join("+");
    const known = sets.get(key);
    if (known === undefined) sets.set(key, { groups: names, presets: [preset] });
    else known.presets.push(preset);
  }
  return [...sets].map(([key, set]) => ({ key, ...set })).sort((a, b) => a.groups.length - b.groups.length);
}
