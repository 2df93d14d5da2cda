import { createDecoder } from '../decoder/decoder.js';
import { openTokenEmbeddings } from '../decoder/token-embeddings.js';
import { loadTokenizer } from '../language/tokenizer.js';
import { PACKAGE_FILES } from '../model-store/manifest.js';
import { type ModelPackage, readImageNewline } from '../model-store/model-package.js';
import { loadGraph } from '../runtime/graph-session.js';
import type { MediaDecoder } from './media-decoder.js';
import type { PipelineParts } from './pipeline-parts.js';
import { runPipeline } from './pipeline.js';
import type { ModelDescription, VisionLanguageEngine } from './vision-language-engine.js';

export interface LocalEngineOptions {
  /** Threads of one run of a graph. */
  readonly threads: number;
  /** Becomes the engine's: closed with it. */
  readonly mediaDecoder: MediaDecoder;
}

/** An engine in this process. Its runs block the event loop. @throws MODEL_INVALID */
export async function createLocalEngine(
  modelPackage: ModelPackage,
  options: LocalEngineOptions,
): Promise<VisionLanguageEngine> {
  const parts = await loadParts(modelPackage, options);
  const model = describeModel(modelPackage);
  return {
    status: () => ({ state: 'ready', model }),
    describe: () => Promise.resolve(model),
    generate: (request, signal) => runPipeline(request, parts, signal),
    async close() {
      parts.tokenEmbeddings.close();
      await Promise.all([
        parts.mediaDecoder.close(),
        parts.vision.close(),
        parts.decoderGraph.close(),
      ]);
    },
  };
}

async function loadParts(
  modelPackage: ModelPackage,
  { threads, mediaDecoder }: LocalEngineOptions,
) {
  const { manifest, directory } = modelPackage;
  const path = (name: string) => modelPackage.filePath(name);
  const tokenizer = await loadTokenizer(directory);
  const imageNewline = await readImageNewline(modelPackage);
  const vision = await loadGraph(path(PACKAGE_FILES.vision), { threads });
  const decoderGraph = await loadGraph(path(PACKAGE_FILES.decoder), { threads });
  const tokenEmbeddings = openTokenEmbeddings(path(manifest.embeddings.file), manifest.embeddings);
  const geometry = {
    imageProcessor: manifest.imageProcessor,
    patchesPerSide: manifest.vision.patchesPerSide,
  };
  const decoder = createDecoder(decoderGraph, manifest.decoder, tokenEmbeddings);
  return {
    ...{ manifest, geometry, tokenizer, mediaDecoder, vision, imageNewline },
    ...{ tokenEmbeddings, decoder, decoderGraph },
  } satisfies PipelineParts & { decoderGraph: unknown };
}

function describeModel({ manifest }: ModelPackage): ModelDescription {
  const { id, source, precision, decoder, generation } = manifest;
  return { id, ...source, precision, contextLength: decoder.maxPositions, generation };
}
