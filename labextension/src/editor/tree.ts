/** Reading and changing a value deep in JSON, without changing the JSON. */
import type { JSONObject, JSONValue } from '@lumino/coreutils';

/** The keys that lead to a value: `['recipe', 'modules', 'load']`. */
export type Path = readonly string[];

export function getAt(root: JSONObject, path: Path): JSONValue | undefined {
  let at: JSONValue | undefined = root;
  for (const key of path) {
    if (!isObject(at)) {
      return undefined;
    }
    at = at[key];
  }
  return at;
}

/** A copy of `root` with `value` at `path`; `undefined` takes the key away. */
export function setAt(
  root: JSONObject,
  path: Path,
  value: JSONValue | undefined
): JSONObject {
  const [key, ...rest] = path;
  if (rest.length > 0) {
    const inner = root[key];
    return { ...root, [key]: setAt(isObject(inner) ? inner : {}, rest, value) };
  }
  if (value !== undefined) {
    return { ...root, [key]: value };
  }
  return without(root, key);
}

/** A copy without some of the keys. */
export function without(table: JSONObject, ...keys: string[]): JSONObject {
  const kept = Object.entries(table).filter(([key]) => !keys.includes(key));
  return Object.fromEntries(kept) as JSONObject;
}

/** `value` without empty texts, lists and tables; undefined if nothing stays. */
export function withoutEmpty(
  value: JSONValue | undefined
): JSONValue | undefined {
  if (value === undefined || value === null || value === '') {
    return undefined;
  }
  if (Array.isArray(value)) {
    const kept = value.filter(item => item !== '' && item !== null);
    return kept.length > 0 ? kept : undefined;
  }
  if (!isObject(value)) {
    return value;
  }
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, withoutEmpty(inner)] as const)
    .filter(([, inner]) => inner !== undefined);
  return entries.length > 0
    ? (Object.fromEntries(entries) as JSONObject)
    : undefined;
}

export function isObject(value: unknown): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textAt(root: JSONObject, path: Path): string {
  const value = getAt(root, path);
  return value === undefined || value === null ? '' : String(value);
}

export function listAt(root: JSONObject, path: Path): string[] {
  const value = getAt(root, path);
  return Array.isArray(value) ? value.map(String) : [];
}
