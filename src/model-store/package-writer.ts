import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { recordFile } from './file-record.js';
import { invalidModel } from './invalid-model.js';
import type { FileRecord, ModelManifest } from './manifest.js';
import { MANIFEST_FILE } from './manifest.js';
import { parseManifest } from './parse-manifest.js';

/**
 * Writes a package so that the target never holds half of one: everything goes into a folder beside it, is
 * flushed, and takes its name at the end. A crash leaves the old package or the new one, or, in the instant
 * between two renames, none; what it leaves beside the target has a name that starts with a dot.
 *
 * @param fill writes the files into the folder it is given and says the rest of the manifest.
 * @throws MODEL_INVALID when the target exists and is no package, or the result would not load;
 *   whatever `fill` throws. The folder beside the target is gone then.
 */
export async function writePackage(
  target: string,
  fill: (directory: string) => Promise<Omit<ModelManifest, 'files'>>,
): Promise<ModelManifest> {
  const parent = dirname(resolve(target));
  const staging = join(parent, `.${basename(target)}.${randomUUID()}`);
  await checkReplaceable(target);
  await mkdir(staging, { recursive: true });
  try {
    const description = await fill(staging);
    const files: Record<string, FileRecord> = {};
    for (const name of (await readdir(staging)).sort()) {
      files[name] = await recordFile(join(staging, name), 'refuse');
    }
    const manifest = parseManifest({ ...description, files });
    await writeFile(join(staging, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    for (const name of await readdir(staging)) await flush(join(staging, name));
    await flush(staging);
    await moveIntoPlace(staging, target);
    await flush(parent);
    return manifest;
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

/** A rename cannot replace a folder with content, so an old package steps aside for a moment. */
async function moveIntoPlace(staging: string, target: string): Promise<void> {
  const old = `${staging}.old`;
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

/** Only a package may be replaced: a mistyped target must not cost someone a folder of theirs. */
async function checkReplaceable(target: string): Promise<void> {
  if (!(await exists(target))) return;
  const names = await readdir(target).catch(() => ['']);
  if (names.length > 0 && !names.includes(MANIFEST_FILE)) {
    throw invalidModel('the output folder holds something that is not a model package');
  }
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
