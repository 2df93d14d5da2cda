import { PACKAGE_FILES } from '../model-store/manifest.js';
import type { ModelPackage } from '../model-store/model-package.js';
import { loadGraph } from '../runtime/graph-session.js';
import { inputModalitiesOf } from './input-modalities.js';
import { type LoadedModel, loadModel } from './load-model.js';
import type { MediaDecoder } from './media-decoder.js';
import { describeCosts } from './model-costs.js';
import { runPipeline } from './pipeline.js';
import type { ModelDescription, VisionLanguageEngine } from './vision-language-engine.js';

export interface LocalEngineOptions {
  /** Threads of one run of a graph. */
  readonly threads: number;
  /** Becomes the engine's: closed with it, and where there comes to be none. */
  readonly mediaDecoder: MediaDecoder;
}

/** An engine in this process. Its runs block the event loop. @throws MODEL_INVALID */
export async function createLocalEngine(
  modelPackage: ModelPackage,
  options: LocalEngineOptions,
): Promise<VisionLanguageEngine> {
  const { threads, mediaDecoder } = options;
  const loaded = await loadModel(modelPackage, (graph) =>
    loadGraph(modelPackage.filePath(PACKAGE_FILES[graph]), { threads }),
  ).catch(async (error: unknown) => {
    await mediaDecoder.close();
    throw error;
  });
  const model = describeModel(loaded);
  return {
    status: () => ({ state: 'ready', model }),
    describe: () => Promise.resolve(model),
    generate: (request, signal) => runPipeline(request, { ...loaded, mediaDecoder }, signal),
    async close() {
      await Promise.all([mediaDecoder.close(), loaded.close()]);
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
