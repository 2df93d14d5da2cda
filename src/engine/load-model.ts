import { createDecoder } from '../decoder/decoder.js';
import { createTokenGrammars } from '../decoder/grammar/token-grammars.js';
import { createOutputHead, type HeadRows, openHeadRows } from '../decoder/output-head.js';
import { fillPageCache } from '../decoder/table-file.js';
import { openTokenEmbeddings } from '../decoder/token-embeddings.js';
import { checkChatTemplate } from '../language/check-chat-template.js';
import { loadTokenizer } from '../language/tokenizer.js';
import { checkingFile, withFile } from '../models/package/invalid-model.js';
import { PACKAGE_FILES } from '../models/package/manifest.js';
import { type ModelPackage, readImageNewline } from '../models/package/model-package.js';
import type { GraphSession } from '../runtime/graph-session.js';
import type { LoadedModel } from './loaded-model.js';

export type GraphName = 'vision' | 'decoder' | 'prefill' | 'head';

/** Opens one graph of a package. The model owns the session and closes it. */
type LoadPackageGraph = (graph: GraphName) => Promise<GraphSession>;

/** A model without its tokenizer. */
export type LoadedNetwork = Omit<LoadedModel, 'tokenizer' | 'grammars'>;

/** @throws MODEL_INVALID */
export async function loadModel(
  modelPackage: ModelPackage,
  load: LoadPackageGraph,
): Promise<LoadedModel> {
  const { vision } = modelPackage.manifest;
  const tokenizer = await loadTokenizer(modelPackage.directory, vision?.tokens ?? null).catch(
    (error: unknown) => {
      throw withFile(error, 'package', PACKAGE_FILES.tokenizer);
    },
  );
  // A package of an older version may have been converted without this check.
  checkingFile('package', PACKAGE_FILES.chatTemplate, () => checkChatTemplate(tokenizer));
  const grammars = createTokenGrammars(tokenizer, modelPackage.manifest.tokens.eos);
  return { tokenizer, grammars, ...(await loadNetwork(modelPackage, load)) };
}

/**
 * Opens the vision graph, the prefill and decode graphs and the output head of a package. If one of them fails, the
 * graphs opened before it are closed, because each may hold gigabytes.
 *
 * @throws MODEL_INVALID
 */
export async function loadNetwork(
  modelPackage: ModelPackage,
  load: LoadPackageGraph,
): Promise<LoadedNetwork> {
  const { manifest } = modelPackage;
  const opened: GraphSession[] = [];
  let rows: HeadRows | null = null;
  const closeGraphs = async () => {
    rows?.close();
    await Promise.all(opened.map((graph) => graph.close()));
  };
  const open = async (graph: GraphName): Promise<GraphSession> => {
    const session = await load(graph);
    opened.push(session);
    return session;
  };
  try {
    const vision = manifest.vision && {
      geometry: manifest.vision,
      imageNewline:
        manifest.vision.layout.kind === 'anyres' ? await readImageNewline(modelPackage) : null,
      graph: await open('vision'),
    };
    const { embeddings, decoder } = manifest;
    const { headRows, vocabularySize, hiddenSize } = decoder;
    if (headRows !== null) {
      const path = modelPackage.filePath(headRows);
      rows = openHeadRows(path, vocabularySize, hiddenSize);
      await fillPageCache(path);
    }
    const graphs = {
      prefill: decoder.prefill && (await open('prefill')),
      decode: await open('decoder'),
      head: createOutputHead(await open('head'), rows, decoder.logitSoftcap),
    };
    const tokenEmbeddings = openTokenEmbeddings(modelPackage.filePath(embeddings.file), embeddings);
    return {
      ...{ manifest, vision, tokenEmbeddings },
      decoder: createDecoder(graphs, decoder, tokenEmbeddings),
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
