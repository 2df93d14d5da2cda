import { createLocalEngine } from './engine/local-engine.js';
import { createMediaWorkerDecoder } from './engine/media-worker-decoder.js';
import { serveEngine } from './engine/worker-server.js';
import { installModel } from './installation/install-model.js';
import { loadModelPackage } from './model-store/model-package.js';

/** Child process with one model: installs it where needed, verifies and loads it, then serves its parent. */
serveEngine(async (configuration, onProgress) => {
  const directory = await installModel(configuration, ({ stage, done, total }) =>
    onProgress({ step: `converting ${stage}`, fraction: total === 0 ? 1 : done / total }),
  );
  onProgress({ step: 'verifying' });
  const modelPackage = await loadModelPackage(directory);
  onProgress({ step: 'loading' });
  return createLocalEngine(modelPackage, {
    threads: configuration.threads,
    mediaDecoder: createMediaWorkerDecoder({
      entry: new URL('./media-worker.js', import.meta.url),
    }),
  });
});
