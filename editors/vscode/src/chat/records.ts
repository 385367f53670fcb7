// Parts of records, with what is absent left absent.

/** These fields, as far as they are there. */
export function pick<T extends object, K extends keyof T>(source: T, ...names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.filter((name) => name in source).map((name) => [name, source[name]])) as Pick<T, K>;
}

/** All but these fields; the same object if it has none of them. */
export function without<T extends object, K extends keyof T>(source: T, ...names: readonly K[]): T {
  if (!names.some((name) => name in source)) return source;
  const left = { ...source };
  for (const name of names) delete left[name];
  return left;
}
