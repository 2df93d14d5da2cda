import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { hashFile } from './file-hash.js';
import { invalidModel } from './invalid-model.js';
import {
  type FileRecord,
  type ManifestContent,
  type ModelManifest,
  MANIFEST_FILE,
} from './manifest.js';
import { sealManifest, serializeManifest } from './manifest-json.js';

/**
 * Makes a package of a folder beside the target, so that the target never holds half of one: everything is
 * flushed, and takes its name at the end. A crash leaves the old package or the new one, or, in the instant
 * between two renames, none; calling it again with the same folder ends what was begun.
 *
 * @param staging holds the large files; it becomes the target.
 * @param contents the small files, by name.
 * @throws MODEL_INVALID when the target is no package, or the result would not load.
 */
export async function publishPackage(
  staging: string,
  target: string,
  contents: ReadonlyMap<string, Uint8Array>,
  description: Omit<ManifestContent, 'files'>,
): Promise<ModelManifest> {
  await checkReplaceable(target);
  await rm(join(staging, MANIFEST_FILE), { force: true });
  for (const [name, content] of contents) await writeFile(join(staging, name), content);
  const files: Record<string, FileRecord> = {};
  for (const name of (await readdir(staging)).sort()) {
    files[name] = await hashFile(join(staging, name), 'refuse');
  }
  const manifest = sealManifest({ ...description, files });
  await writeFile(join(staging, MANIFEST_FILE), serializeManifest(manifest));
  for (const name of await readdir(staging)) await flush(join(staging, name));
  await flush(staging);
  await moveIntoPlace(staging, target);
  await flush(dirname(target));
  return manifest;
}

/**
 * Only a package may be replaced: a mistyped target must not cost someone a folder of theirs.
 *
 * @throws MODEL_INVALID
 */
export async function checkReplaceable(target: string): Promise<void> {
  if (!(await exists(target))) return;
  const names = await readdir(target).catch(() => ['']);
  if (names.length > 0 && !names.includes(MANIFEST_FILE)) {
    throw invalidModel('the output folder holds something that is not a model package');
  }
}

/** A rename cannot replace a folder with content, so an old package steps aside for a moment. */
async function moveIntoPlace(staging: string, target: string): Promise<void> {
  const old = join(dirname(target), `.${basename(target)}.old`);
  await mkdir(dirname(target), { recursive: true });
  await rm(old, { recursive: true, force: true });
  const replaced = await exists(target);
  if (replaced) await rename(target, old);
  try {
    await rename(staging, target);
  } catch (error) {
    if (replaced) await rename(old, target);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Puts a file's content, or a folder's list of names, on the disk. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
