import { describeProcessor, readInstructionSets } from '../config/processor.js';
import { readVersion } from '../config/version.js';
import { offeredLanguages } from '../language/languages.js';
import { PACKAGE_FILES } from '../models/package/manifest.js';
import type { ModelPackage } from '../models/package/model-package.js';
import { loadGraph } from '../runtime/graph-session.js';
import { ONNX_RUNTIME_VERSION } from '../runtime/onnx-runtime.js';
import { inputModalitiesOf } from './input-modalities.js';
import { loadModel } from './load-model.js';
import type { LoadedModel } from './loaded-model.js';
import type { MediaDecoder } from './media-decoder.js';
import { describeCosts } from './model-costs.js';
import { chooseMemoryBytes } from './scheduling/memory-budget.js';
import { NO_CACHES, type EngineCaches } from '../cache/engine-caches.js';
import type { ExecutionEnvironment } from './receipts/receipt.js';
import { createRequestRunner } from './request-runner.js';
import type { ModelDescription, VisionLanguageEngine } from './vision-language-engine.js';

export interface LocalEngineOptions {
  /** Threads of one run of a graph. */
  readonly threads: number;
  /** Closed with the engine, and also if creating the engine fails. */
  readonly mediaDecoder: MediaDecoder;
  /** Memory for active requests in bytes. Undefined or null: half of the free memory. */
  readonly memoryBytes?: number | null;
  /** Closed with the engine. Undefined: no caching. */
  readonly caches?: EngineCaches;
}

/** An engine in this process. Graph runs block the event loop. @throws MODEL_INVALID */
export async function createLocalEngine(
  modelPackage: ModelPackage,
  options: LocalEngineOptions,
): Promise<VisionLanguageEngine> {
  const { threads, mediaDecoder, caches = NO_CACHES } = options;
  // Measured before the model is loaded, because memory-mapped weights count as free until they are read.
  const memoryBytes = options.memoryBytes ?? chooseMemoryBytes(modelPackage.manifest);
  const loaded = await loadModel(modelPackage, (graph) =>
    loadGraph(modelPackage.filePath(PACKAGE_FILES[graph]), { threads }),
  ).catch(async (error: unknown) => {
    await Promise.all([mediaDecoder.close(), caches.close()]);
    throw error;
  });
  const model = describeModel(loaded, threads);
  const runner = createRequestRunner({ ...loaded, mediaDecoder }, { memoryBytes, caches });
  return {
    status: () => ({ state: 'ready', model }),
    describe: () => Promise.resolve(model),
    generate: runner.generate,
    async close() {
      await runner.close();
      await Promise.all([mediaDecoder.close(), caches.close(), loaded.close()]);
    },
  };
}

function describeModel(
  { manifest, vision, tokenizer }: LoadedModel,
  threads: number,
): ModelDescription {
  const { id, source, precision, decoder, generation } = manifest;
  return {
    id,
    ...source,
    precision,
    inputModalities: inputModalitiesOf(vision),
    prompts: tokenizer.chatTemplate ? 'chat-and-raw' : 'raw',
    languages: offeredLanguages(manifest.languages),
    contextLength: decoder.maxPositions,
    vocabularySize: decoder.vocabularySize,
    costs: describeCosts(manifest, tokenizer),
    generation,
    environment: describeEnvironment(manifest, threads),
  };
}

function describeEnvironment(
  { digest, files }: LoadedModel['manifest'],
  threads: number,
): ExecutionEnvironment {
  return {
    packageSha256: digest,
    templateSha256: files[PACKAGE_FILES.chatTemplate]?.sha256 ?? null,
    versions: {
      visual_salamandra: readVersion(),
      onnxruntime: ONNX_RUNTIME_VERSION,
      node: process.version,
    },
    machine: {
      architecture: process.arch,
      processor: describeProcessor(),
      instruction_sets: readInstructionSets(),
      threads,
    },
  };
}
