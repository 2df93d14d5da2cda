import type { Dirent } from 'node:fs';
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { checkGraph } from './graph/check-graph.js';
import { checkTokenizer } from './check-tokenizer.js';
import { matchesHash } from './file-hash.js';
import { decoderInputs, headInputs, visionInputs } from './graph/graph-inputs.js';
import { checkingFile, invalidPackage } from './invalid-model.js';
import { type ModelManifest, MANIFEST_FILE, PACKAGE_FILES } from './manifest.js';
import { parseManifestJson } from './manifest-json.js';

/** A package that passed all checks of `loadModelPackage`. */
export interface ModelPackage {
  readonly directory: string;
  readonly manifest: ModelManifest;
  /** Absolute or relative path of a listed file. @throws MODEL_INVALID if the manifest does not list it. */
  filePath(name: string): string;
}

const MAX_MANIFEST_BYTES = 1 << 20;

/**
 * Verifies a package folder: exactly the files of the manifest, each with the listed size and SHA-256, and safe graphs
 * and tokenizer (`checkGraph`, `checkTokenizer`). Hashes all weights, so it takes seconds for large models.
 *
 * @throws MODEL_NOT_FOUND if the folder does not exist, MODEL_INVALID if a check fails.
 */
export async function loadModelPackage(directory: string): Promise<ModelPackage> {
  const entries = await listFolder(directory);
  const manifest = await readManifestFile(directory, entries);
  checkNames(manifest, entries);
  for (const [name, expected] of Object.entries(manifest.files)) {
    if (!(await matchesHash(join(directory, name), expected))) {
      throw invalidPackage(name, 'size or SHA-256 differs from the manifest');
    }
  }
  await checkContents(directory, manifest);
  return {
    directory,
    manifest,
    filePath: (name) => {
      if (!Object.hasOwn(manifest.files, name)) {
        throw invalidPackage(MANIFEST_FILE, 'it does not list a file that the engine needs');
      }
      return join(directory, name);
    },
  };
}

/** The image newline embedding, [decoder.hiddenSize] float32: it follows each row of packed image features. */
export async function readImageNewline(modelPackage: ModelPackage): Promise<Float32Array> {
  const bytes = await readFile(modelPackage.filePath(PACKAGE_FILES.imageNewline));
  // Copied because a pooled buffer may not be aligned to 4 bytes.
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/**
 * Quick check of a package: manifest, file names and sizes, without hashing the files.
 *
 * @throws MODEL_NOT_FOUND if the folder does not exist, MODEL_INVALID if a check fails.
 */
export async function inspectPackage(directory: string): Promise<ModelManifest> {
  const entries = await listFolder(directory);
  const manifest = await readManifestFile(directory, entries);
  checkNames(manifest, entries);
  for (const [name, { bytes }] of Object.entries(manifest.files)) {
    const file = await lstat(join(directory, name));
    if (!file.isFile() || file.size !== bytes) {
      throw invalidPackage(name, `the manifest lists ${bytes} bytes, found ${file.size}`);
    }
  }
  return manifest;
}

async function listFolder(directory: string): Promise<Dirent[]> {
  return await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new SalamandraError(
      'MODEL_NOT_FOUND',
      'The model package folder does not exist. Install the model: `npx salamandra pull …`.',
      { cause },
    );
  });
}

async function readManifestFile(directory: string, entries: Dirent[]): Promise<ModelManifest> {
  const entry = entries.find(({ name }) => name === MANIFEST_FILE);
  if (!entry?.isFile()) throw invalidPackage(MANIFEST_FILE, 'the file is missing');
  const path = join(directory, MANIFEST_FILE);
  const file = await lstat(path);
  if (file.nlink > 1) throw invalidPackage(MANIFEST_FILE, 'hard links are not allowed');
  if (file.size > MAX_MANIFEST_BYTES) {
    throw invalidPackage(
      MANIFEST_FILE,
      `the file has ${file.size} bytes (limit ${MAX_MANIFEST_BYTES})`,
    );
  }
  const bytes = await readFile(path);
  return checkingFile('package', MANIFEST_FILE, () => parseManifestJson(bytes));
}

function checkNames(manifest: ModelManifest, entries: Dirent[]): void {
  const listed = Object.keys(manifest.files);
  const present = new Set(entries.map((entry) => entry.name));
  const missing = listed.find((name) => !present.has(name));
  if (missing !== undefined) throw invalidPackage(missing, 'the file is missing');
  if (present.size !== listed.length + 1) {
    throw invalidPackage(
      MANIFEST_FILE,
      `the folder contains ${present.size - listed.length - 1} files that the manifest does not list`,
    );
  }
}

/** Hashes do not help against a hostile author of the whole package, so graphs and tokenizer are validated as well. */
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
    const model = await readFile(join(directory, file));
    checkingFile('package', file, () => {
      checkGraph(model, { name, bytes }, inputs);
    });
  }
  const tokenizer = await readFile(join(directory, PACKAGE_FILES.tokenizer));
  checkingFile('package', PACKAGE_FILES.tokenizer, () => {
    checkTokenizer(tokenizer, decoder.vocabularySize);
  });
}
