import { basename, dirname, join } from 'node:path';

import { invalidModel } from './invalid-model.js';
import type { Precision } from './manifest.js';

/** A model id becomes a folder name, so it holds nothing that a path could be made of. */
const MODEL_ID = /^[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){0,62}$/;

/** @throws MODEL_INVALID unless the id is 1 to 63 small letters, digits, `-`, `_` and single dots. */
export function checkModelId(id: unknown): string {
  if (typeof id !== 'string' || !MODEL_ID.test(id)) {
    throw invalidModel('its id must be small letters, digits, dots and dashes');
  }
  return id;
}

/** The folder of all packages: a folder a model, and in it one a precision. */
export function packagesDirectory(home: string): string {
  return join(home, 'packages');
}

/** Where the package of a model lies under the service's home folder. @throws MODEL_INVALID */
export function packageDirectory(home: string, id: string, precision: Precision): string {
  return join(packagesDirectory(home), checkModelId(id), precision);
}

/** The folder in which a package is made, until it takes the package's name: `.NAME.partial` beside it. */
export function partialDirectory(packageFolder: string): string {
  return join(dirname(packageFolder), `.${basename(packageFolder)}.partial`);
}

/** The folder of all checkpoints that are kept: a folder a model. */
export function sourcesDirectory(home: string): string {
  return join(home, 'sources');
}

/** Where the checkpoint of a model is kept for those who asked for it. @throws MODEL_INVALID */
export function sourceDirectory(home: string, id: string): string {
  return join(sourcesDirectory(home), checkModelId(id));
}

/** The folder of what is kept between requests, for all models. */
export function cacheDirectory(home: string): string {
  return join(home, 'cache');
}
