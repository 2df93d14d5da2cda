import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadConfiguration } from '../../src/config/configuration.js';
import { MANIFEST_FILE } from '../../src/models/package/manifest.js';
import {
  parseManifestJson,
  sealManifest,
  serializeManifest,
} from '../../src/models/package/manifest-json.js';
import { startService } from '../e2e/service.js';

/** The package of a model that never ends an answer. */
export interface EndlessPackage {
  readonly directory: string;
  remove(): Promise<void>;
}

/**
 * Copies the package of the bundled model and replaces its stop token with the video placeholder, which the model
 * never generates.
 */
export async function makeEndlessPackage(): Promise<EndlessPackage> {
  const { home, precision } = loadConfiguration(process.env);
  // Installs the package if it is missing.
  const service = await startService({ SALAMANDRA_MODEL: 'demo' });
  await service.waitUntilReady();
  await service.stop();

  const directory = await mkdtemp(join(tmpdir(), 'endless-package-'));
  await cp(join(home, 'packages', 'demo', precision), directory, { recursive: true });
  const path = join(directory, MANIFEST_FILE);
  const manifest = parseManifestJson(await readFile(path));
  const eos = manifest.vision ? [manifest.vision.tokens.video] : [];
  const changed = sealManifest({ ...manifest, tokens: { ...manifest.tokens, eos } });
  await writeFile(path, serializeManifest(changed));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}
