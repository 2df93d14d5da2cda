import { createLocalEngine } from './engine/local-engine.js';
import { createMediaWorkerDecoder } from './engine/media-worker-decoder.js';
import type { PromptStore } from './engine/prefix-store.js';
import { serveEngine } from './engine/worker-server.js';
import { installModel } from './installation/install-model.js';
import { cacheDirectory } from './model-store/home.js';
import { loadModelPackage } from './model-store/model-package.js';
import { chooseCacheBytes } from './prompt-store/choose-cache-bytes.js';
import { openPromptStore } from './prompt-store/open-prompt-store.js';

let promptStore: PromptStore | undefined;

/** Child process with one model: installs it where needed, verifies and loads it, then serves its parent. */
serveEngine(
  async (configuration, onProgress) => {
    const directory = await installModel(configuration, ({ stage, done, total }) =>
      onProgress({ step: `converting ${stage}`, fraction: total === 0 ? 1 : done / total }),
    );
    onProgress({ step: 'verifying' });
    const modelPackage = await loadModelPackage(directory);
    onProgress({ step: 'loading' });
    const { manifest } = modelPackage;
    const { threads, memoryBytes, home, cacheBytes, diskCacheBytes, sharesCache } = configuration;
    promptStore = await openPromptStore({
      model: manifest.digest,
      maxBytes: cacheBytes ?? chooseCacheBytes(manifest),
      disk: { root: cacheDirectory(home), maxBytes: diskCacheBytes ?? 0 },
      isShared: sharesCache ?? true,
    });
    return createLocalEngine(modelPackage, {
      ...{ threads, memoryBytes, promptStore },
      mediaDecoder: createMediaWorkerDecoder({
        entry: new URL('./media-worker.js', import.meta.url),
      }),
    });
  },
  async () => promptStore?.close(),
);
