import { PACKAGE_FILES } from '../models/package/manifest.js';
import type { ModelPackage } from '../models/package/model-package.js';
import { loadGraph } from '../runtime/graph-session.js';
import { inputModalitiesOf } from './input-modalities.js';
import { loadModel } from './load-model.js';
import type { LoadedModel } from './loaded-model.js';
import type { MediaDecoder } from './media-decoder.js';
import { describeCosts } from './model-costs.js';
import { chooseMemoryBytes } from './scheduling/memory-budget.js';
import { NO_CACHES } from '../cache/no-caches.js';
import type { EngineCaches } from '../cache/engine-caches.js';
import { createRequestRunner } from './request-runner.js';
import type { ModelDescription, VisionLanguageEngine } from './vision-language-engine.js';

export interface LocalEngineOptions {
  /** Threads of one run of a graph. */
  readonly threads: number;
  /** Becomes the engine's: closed with it, and where there comes to be none. */
  readonly mediaDecoder: MediaDecoder;
  /** For what requests hold while they are worked on. Absent or null: what this machine has to spare. */
  readonly memoryBytes?: number | null;
  /** What is kept between requests; closed with the engine. Absent: nothing is. */
  readonly promptStore?: EngineCaches;
}

/** An engine in this process. Its runs block the event loop. @throws MODEL_INVALID */
export async function createLocalEngine(
  modelPackage: ModelPackage,
  options: LocalEngineOptions,
): Promise<VisionLanguageEngine> {
  const { threads, mediaDecoder, promptStore = NO_CACHES } = options;
  // Before the model is loaded: of what it maps, nobody can say how much is in memory already.
  const memoryBytes = options.memoryBytes ?? chooseMemoryBytes(modelPackage.manifest);
  const loaded = await loadModel(modelPackage, (graph) =>
    loadGraph(modelPackage.filePath(PACKAGE_FILES[graph]), { threads }),
  ).catch(async (error: unknown) => {
    await Promise.all([mediaDecoder.close(), promptStore.close()]);
    throw error;
  });
  const model = describeModel(loaded);
  const parts = { ...loaded, mediaDecoder };
  const runner = createRequestRunner(parts, { memoryBytes, store: promptStore });
  return {
    status: () => ({ state: 'ready', model }),
    describe: () => Promise.resolve(model),
    generate: runner.generate,
    async close() {
      await runner.close();
      await Promise.all([mediaDecoder.close(), promptStore.close(), loaded.close()]);
    },
  };
}

function describeModel({ manifest, vision, tokenizer }: LoadedModel): ModelDescription {
  const { id, source, precision, decoder, generation } = manifest;
  return {
    id,
    ...source,
    precision,
    inputModalities: inputModalitiesOf(vision),
    prompts: tokenizer.renderTemplate ? 'chat-and-raw' : 'raw',
    contextLength: decoder.maxPositions,
    costs: describeCosts(manifest, tokenizer),
    generation,
  };
}
