import { createLocalEngine } from '../engine/local-engine.js';
import { createMediaWorkerDecoder } from './media-worker-decoder.js';
import type { EngineCaches } from '../cache/engine-caches.js';
import { serveEngine } from './serve-engine.js';
import type { LoadProgress } from '../engine/vision-language-engine.js';
import type { ConversionProgress } from '../models/convert/convert-checkpoint.js';
import { loadInstalledModel } from '../models/install/install-model.js';
import { cacheDirectory } from '../models/package/home-folders.js';
import { chooseCacheBytes } from '../engine/scheduling/memory-budget.js';
import { openEngineCaches } from '../cache/open-caches.js';

let caches: EngineCaches | undefined;

function describeProgress(progress: ConversionProgress | 'verifying'): LoadProgress {
  if (progress === 'verifying') return { step: progress };
  const { stage, done, total } = progress;
  return { step: `converting ${stage}`, fraction: total === 0 ? 1 : done / total };
}

/** Child process with one model: installs the package if necessary, verifies and loads it, then serves requests. */
serveEngine(
  async (configuration, onProgress) => {
    const modelPackage = await loadInstalledModel(
      configuration,
      (progress) => onProgress(describeProgress(progress)),
      ({ publicMessage }) =>
        console.error(
          `The package of the demo model is damaged and converted again. ${publicMessage}`,
        ),
    );
    onProgress({ step: 'loading' });
    const { manifest } = modelPackage;
    const { threads, memoryBytes, home, cacheBytes, diskCacheBytes, sharesCache } = configuration;
    caches = await openEngineCaches({
      model: manifest.digest,
      maxBytes: cacheBytes ?? chooseCacheBytes(manifest),
      disk: { root: cacheDirectory(home), maxBytes: diskCacheBytes ?? 0 },
      isShared: sharesCache ?? true,
    });
    return createLocalEngine(modelPackage, {
      ...{ threads, memoryBytes, caches },
      mediaDecoder: createMediaWorkerDecoder({
        entry: new URL('./media.worker.js', import.meta.url),
        maxPixels: configuration.imagePixels,
      }),
    });
  },
  async () => caches?.close(),
);
