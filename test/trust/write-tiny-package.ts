import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { ManifestContent } from '../../src/models/package/manifest.js';
import { publishPackage } from '../../src/models/package/package-writer.js';
import { tinyManifest, tinyPackageFiles } from '../tiny-model/tiny-package.js';

/** Writes a valid package with the package writer that conversion uses. */
export async function writeTinyPackage(
  directory: string,
  changes: {
    readonly manifest?: Partial<ManifestContent>;
    readonly files?: Readonly<Record<string, Uint8Array>>;
  } = {},
): Promise<void> {
  const staging = join(dirname(directory), '.staging');
  await mkdir(staging, { recursive: true });
  for (const [name, content] of Object.entries(changes.files ?? tinyPackageFiles())) {
    await writeFile(join(staging, name), content);
  }
  await publishPackage(staging, directory, new Map(), { ...tinyManifest(), ...changes.manifest });
}
