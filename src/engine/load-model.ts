import { createDecoder } from '../decoder/decoder.js';
import { openTokenEmbeddings } from '../decoder/token-embeddings.js';
import { loadTokenizer } from '../language/tokenizer.js';
import { type ModelPackage, readImageNewline } from '../model-store/model-package.js';
import type { GraphSession } from '../runtime/graph-session.js';
import type { PipelineParts } from './pipeline-parts.js';

/** A model without what decodes media for it. */
export interface LoadedModel extends Omit<PipelineParts, 'mediaDecoder'> {
  /** Frees what the model holds. */
  close(): Promise<void>;
}

type GraphName = 'vision' | 'decoder' | 'prefill';

/**
 * Loads what a package has: graphs to see with, and one or two to read and write with. Where one of them fails, those before
 * it are closed: they may hold gigabytes.
 *
 * @param load opens a graph of the package; the model closes it.
 * @throws MODEL_INVALID
 */
export async function loadModel(
  modelPackage: ModelPackage,
  load: (graph: GraphName) => Promise<GraphSession>,
): Promise<LoadedModel> {
  const { manifest, directory } = modelPackage;
  const opened: GraphSession[] = [];
  const closeGraphs = async () => {
    await Promise.all(opened.map((graph) => graph.close()));
  };
  const open = async (graph: GraphName): Promise<GraphSession> => {
    const session = await load(graph);
    opened.push(session);
    return session;
  };
  try {
    const tokenizer = await loadTokenizer(directory);
    const vision = manifest.vision && {
      geometry: manifest.vision,
      imageNewline: await readImageNewline(modelPackage),
      graph: await open('vision'),
    };
    const graphs = {
      prefill: manifest.decoder.prefill && (await open('prefill')),
      decode: await open('decoder'),
    };
    const { embeddings } = manifest;
    const tokenEmbeddings = openTokenEmbeddings(modelPackage.filePath(embeddings.file), embeddings);
    return {
      ...{ manifest, vision, tokenizer, tokenEmbeddings },
      decoder: createDecoder(graphs, manifest.decoder, tokenEmbeddings),
      async close() {
        tokenEmbeddings.close();
        await closeGraphs();
      },
    };
  } catch (error) {
    await closeGraphs();
    throw error;
  }
}
