import { basename, dirname, join } from 'node:path';

import { invalidModel } from './invalid-model.js';
import type { Precision } from './manifest.js';

/** A model id is used as a folder name: no separators, no `..`. */
const MODEL_ID = /^[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){0,62}$/;

/** @throws MODEL_INVALID unless the id is 1 to 63 lower-case letters, digits, `-`, `_` and single dots. */
export function checkModelId(id: unknown): string {
  if (typeof id !== 'string' || !MODEL_ID.test(id)) {
    throw invalidModel(
      'id must be 1 to 63 lower-case letters, digits, dashes, underscores and single dots',
    );
  }
  return id;
}

/** `HOME/packages`: one folder per model id, in it one folder per precision. */
export function packagesDirectory(home: string): string {
  return join(home, 'packages');
}

/** `HOME/packages/ID/PRECISION`. @throws MODEL_INVALID for an invalid id. */
export function packageDirectory(home: string, id: string, precision: Precision): string {
  return join(packagesDirectory(home), checkModelId(id), precision);
}

/** `.NAME.partial` beside a package: the conversion writes there and renames it when it is complete. */
export function partialDirectory(packageFolder: string): string {
  return join(dirname(packageFolder), `.${basename(packageFolder)}.partial`);
}

/** `HOME/sources`: one folder per downloaded checkpoint. */
export function sourcesDirectory(home: string): string {
  return join(home, 'sources');
}

/**
 * `HOME/sources/ID`: the checkpoint of a model during a pull, and after it with `--keep-source`.
 *
 * @throws MODEL_INVALID
 */
export function sourceDirectory(home: string, id: string): string {
  return join(sourcesDirectory(home), checkModelId(id));
}

/** `HOME/cache`: the disk cache of all models. */
export function cacheDirectory(home: string): string {
  return join(home, 'cache');
}
