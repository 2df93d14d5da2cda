import { join } from 'node:path';

import { loadModel } from '../../../src/engine/load-model.js';
import type { LoadedModel } from '../../../src/engine/loaded-model.js';
import { PACKAGE_FILES } from '../../../src/models/package/manifest.js';
import { inspectPackage } from '../../../src/models/package/model-package.js';
import { loadGraph } from '../../../src/runtime/graph-session.js';

/** Loads a package without verifying its hashes, since the bench wrote its gigabytes itself. */
export async function openPackage(directory: string, threads: number): Promise<LoadedModel> {
  const manifest = await inspectPackage(directory);
  const filePath = (name: string) => join(directory, name);
  return loadModel({ directory, manifest, filePath }, (graph) =>
    loadGraph(filePath(PACKAGE_FILES[graph]), { threads }),
  );
}
