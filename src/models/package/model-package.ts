import type { Dirent } from 'node:fs';
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { checkGraph } from './graph/check-graph.js';
import { checkTokenizer } from './check-tokenizer.js';
import { matchesHash } from './file-hash.js';
import { decoderInputs, headInputs, visionInputs } from './graph/graph-inputs.js';
import { invalidModel } from './invalid-model.js';
import { type ModelManifest, MANIFEST_FILE, PACKAGE_FILES } from './manifest.js';
import { parseManifestJson } from './manifest-json.js';

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
 * size and hash, a manifest that `parseManifestJson` accepts, and graphs and a tokenizer that cannot harm.
 *
 * @throws MODEL_NOT_FOUND when there is no such folder, MODEL_INVALID when anything differs.
 */
export async function loadModelPackage(directory: string): Promise<ModelPackage> {
  const entries = await listFolder(directory);
  const manifest = await readManifestFile(directory, entries);
  checkNames(manifest, entries);
  for (const [name, expected] of Object.entries(manifest.files)) {
    if (!(await matchesHash(join(directory, name), expected))) {
      throw invalidModel(`${name} is not the file of its manifest`);
    }
  }
  await checkContents(directory, manifest);
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

/**
 * Reads a package's manifest and compares the names and sizes of its files, without reading them.
 *
 * @throws MODEL_NOT_FOUND when there is no such folder, MODEL_INVALID when anything differs.
 */
export async function inspectPackage(directory: string): Promise<ModelManifest> {
  const entries = await listFolder(directory);
  const manifest = await readManifestFile(directory, entries);
  checkNames(manifest, entries);
  for (const [name, { bytes }] of Object.entries(manifest.files)) {
    const file = await lstat(join(directory, name));
    if (!file.isFile() || file.size !== bytes) throw invalidModel(`${name} has another size`);
  }
  return manifest;
}

async function listFolder(directory: string): Promise<Dirent[]> {
  return await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new SalamandraError('MODEL_NOT_FOUND', 'The model is not installed.', { cause });
  });
}

async function readManifestFile(directory: string, entries: Dirent[]): Promise<ModelManifest> {
  const entry = entries.find(({ name }) => name === MANIFEST_FILE);
  if (!entry?.isFile()) throw invalidModel('its folder holds no manifest');
  const path = join(directory, MANIFEST_FILE);
  const file = await lstat(path);
  if (file.nlink > 1) throw invalidModel('its manifest is a link');
  if (file.size > MAX_MANIFEST_BYTES) throw invalidModel('its manifest is too long');
  return parseManifestJson(await readFile(path));
}

function checkNames(manifest: ModelManifest, entries: Dirent[]): void {
  const listed = Object.keys(manifest.files);
  const present = new Set(entries.map((entry) => entry.name));
  if (!listed.every((name) => present.has(name)) || present.size !== listed.length + 1) {
    throw invalidModel('its folder does not hold exactly the files of its manifest');
  }
}

/** A hash only says that a file is the packager's; who the packager was nobody knows. */
async function checkContents(directory: string, manifest: ModelManifest): Promise<void> {
  const { vision, decoder, files } = manifest;
  const graphs = [
    { file: PACKAGE_FILES.vision, inputs: vision && visionInputs(vision) },
    { file: PACKAGE_FILES.decoder, inputs: decoderInputs(decoder) },
    { file: PACKAGE_FILES.head, inputs: headInputs(decoder) },
    { file: PACKAGE_FILES.prefill, inputs: decoder.prefill && decoderInputs(decoder) },
  ];
  for (const { file, inputs } of graphs) {
    if (!inputs) continue;
    const name = `${file}.data`;
    const bytes = files[name]?.bytes ?? 0;
    checkGraph(await readFile(join(directory, file)), { name, bytes }, inputs);
  }
  const tokenizer = await readFile(join(directory, PACKAGE_FILES.tokenizer));
  checkTokenizer(tokenizer, decoder.vocabularySize);
}
