import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { hashFile } from './file-hash.js';
import { invalidPackage } from './invalid-model.js';
import {
  type FileRecord,
  type ManifestContent,
  type ModelManifest,
  MANIFEST_FILE,
} from './manifest.js';
import { sealManifest, serializeManifest } from './manifest-json.js';

/**
 * Completes a package in `staging` and renames the folder to `target`, so that `target` never contains an incomplete
 * package. All files are synced first. After a crash there is the old package, the new one or, between the two renames,
 * none; a second call with the same folder then completes it.
 *
 * @param staging a folder on the same file system that contains the weight files.
 * @param contents the other files, by name.
 * @throws MODEL_INVALID if `target` contains something other than a package, or the new manifest is invalid.
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
 * Protects other folders from being replaced after a typing error in `--out`.
 *
 * @throws MODEL_INVALID unless `target` is missing, empty or a package.
 */
export async function checkReplaceable(target: string): Promise<void> {
  if (!(await exists(target))) return;
  const names = await readdir(target).catch(() => ['']);
  if (names.length > 0 && !names.includes(MANIFEST_FILE)) {
    throw invalidPackage(
      basename(target),
      'the output folder is not empty and not a model package; choose another folder',
    );
  }
}

/** rename() cannot replace a non-empty folder, so an old package is renamed first and deleted afterwards. */
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

/** fsync of a file or folder. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
