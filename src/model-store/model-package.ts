import type { Dirent } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../errors/salamandra-error.js';
import { checkGraph } from './check-graph.js';
import { parseJsonObject } from './checked-json.js';
import { recordFile } from './file-record.js';
import { invalidModel } from './invalid-model.js';
import type { ModelManifest } from './manifest.js';
import { MANIFEST_FILE, PACKAGE_FILES } from './manifest.js';
import { parseManifest } from './parse-manifest.js';

/** A package whose every byte was checked against its manifest. */
export interface ModelPackage {
  readonly directory: string;
  readonly manifest: ModelManifest;
  /** The path of a file that the manifest lists. @throws MODEL_INVALID for any other name. */
  filePath(name: string): string;
}

const MAX_MANIFEST_BYTES = 1 << 20;

/**
 * Reads a package folder and verifies it: exactly the listed files, each a regular file with the listed
 * size and hash, a manifest that `parseManifest` accepts, and graphs that `checkGraph` accepts.
 *
 * @throws MODEL_NOT_FOUND when there is no such folder, MODEL_INVALID when anything differs.
 */
export async function loadModelPackage(directory: string): Promise<ModelPackage> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new SalamandraError('MODEL_NOT_FOUND', 'The model is not installed.', { cause });
  });
  const manifest = await readManifest(directory, entries);
  const listed = Object.keys(manifest.files);
  const present = new Set(entries.map((entry) => entry.name));
  if (!listed.every((name) => present.has(name)) || present.size !== listed.length + 1) {
    throw invalidModel('its folder does not hold exactly the files of its manifest');
  }
  for (const [name, expected] of Object.entries(manifest.files)) {
    const actual = await recordFile(join(directory, name), 'refuse');
    if (actual.bytes !== expected.bytes || actual.sha256 !== expected.sha256) {
      throw invalidModel(`${name} is not the file of its manifest`);
    }
  }
  for (const graph of ['vision', 'decoder'] as const) {
    const name = PACKAGE_FILES[`${graph}Weights`];
    const bytes = manifest.files[name]?.bytes ?? 0;
    checkGraph(await readFile(join(directory, PACKAGE_FILES[graph])), { name, bytes });
  }
  return {
    directory,
    manifest,
    filePath: (name) => {
      if (!Object.hasOwn(manifest.files, name)) {
        throw invalidModel('a file was asked for that the manifest does not list');
      }
      return join(directory, name);
    },
  };
}

/** The learned column that ends every row of packed features, `[decoder.hiddenSize]`. */
export async function readImageNewline(modelPackage: ModelPackage): Promise<Float32Array> {
  const bytes = await readFile(modelPackage.filePath(PACKAGE_FILES.imageNewline));
  // A copy: a pooled buffer may start at an offset that no float can.
  return new Float32Array(new Uint8Array(bytes).buffer);
}

async function readManifest(directory: string, entries: Dirent[]): Promise<ModelManifest> {
  const entry = entries.find(({ name }) => name === MANIFEST_FILE);
  if (!entry?.isFile()) throw invalidModel('its folder holds no manifest');
  const path = join(directory, MANIFEST_FILE);
  if ((await stat(path)).size > MAX_MANIFEST_BYTES) throw invalidModel('its manifest is too long');
  return parseManifest(parseJsonObject(await readFile(path), 'manifest'));
}
