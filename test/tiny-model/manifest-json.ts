import { tinyManifest, tinyPackageFiles } from './tiny-package.js';

export type Json = Record<string, unknown>;

/** The manifest of the tiny package as parsed JSON. */
export function manifestJson(): Json {
  const files = Object.fromEntries(
    Object.entries(tinyPackageFiles()).map(([name, { length: bytes }]) => [
      name,
      { bytes, sha256: 'a'.repeat(64) },
    ]),
  );
  return { ...tinyManifest(), files: sortByName(files) };
}

/** Sorts files by name, as a manifest does. */
export function sortByName(files: Json): Json {
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The manifest with the value at a dotted path replaced, or set to undefined, which JSON omits. */
export function changeManifest(path: string, value: unknown): Json {
  const root = structuredClone(manifestJson());
  const names = path.split('.');
  const last = names.pop()!;
  const parent = names.reduce<Json>((json, name) => json[name] as Json, root);
  parent[last] = value;
  return root;
}
