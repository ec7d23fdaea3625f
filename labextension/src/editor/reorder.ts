/** `items` with the one at `from` put at `to`. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const rest = items.filter((_, index) => index !== from);
  const item = items[from];
  const place = Math.min(Math.max(0, to), rest.length);
  return [...rest.slice(0, place), item, ...rest.slice(place)];
}

/** The modules of a combination that are not loaded yet. */
export function lacking(
  combination: readonly string[],
  loaded: readonly string[]
): string[] {
  return combination.filter(
    name => !loaded.some(one => one === name || one.startsWith(`${name}/`))
  );
}

/**
 * What is to be loaded before a module that needs one of `combinations`:
 * nothing where one of them is there, else what each lacks.
 */
export function prerequisites(
  combinations: readonly (readonly string[])[],
  loaded: readonly string[]
): string[][] {
  const open = combinations.map(one => lacking(one, loaded));
  return open.some(one => one.length === 0) ? [] : open;
}
