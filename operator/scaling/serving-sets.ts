/**
 * Presets that are served by the same groups share their slots: a free one serves whichever of them is launched next. Demand
 * is told and forecast for each such set.
 */
export interface ServingSet {
  /** Names of its groups, in the order in which they are filled, joined by "+". */
  readonly key: string;
  readonly groups: readonly string[];
  /** `CUSTOM_AVATAR` is among them where the groups take any face image. */
  readonly presets: readonly string[];
}

/**
 * The sets into which groups divide the presets, those with the fewest groups first: they have the least choice. A preset that
 * no group serves is in none.
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
