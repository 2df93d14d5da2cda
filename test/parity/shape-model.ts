import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

import { convertCheckpoint } from '../../src/conversion/convert-checkpoint.js';
import { createDecoder, type Decoder } from '../../src/decoder/decoder.js';
import { openTokenEmbeddings, type TokenEmbeddings } from '../../src/decoder/token-embeddings.js';
import type { VisionParts } from '../../src/engine/pipeline-parts.js';
import type { ModelManifest, Precision } from '../../src/model-store/manifest.js';
import { PACKAGE_FILES } from '../../src/model-store/manifest.js';
import { loadModelPackage, readImageNewline } from '../../src/model-store/model-package.js';
import { type GraphSession, loadGraph } from '../../src/runtime/graph-session.js';

/** A converted model without its tokenizer, which synthetic checkpoints lack. */
export interface ShapeModel {
  readonly manifest: ModelManifest;
  readonly vision: VisionParts | null;
  readonly tokenEmbeddings: TokenEmbeddings;
  readonly decoder: Decoder;
  /** Frees the sessions and deletes the package. */
  close(): Promise<void>;
}

/** Converts a checkpoint into a folder that `close` deletes, and loads the package. */
export async function openShapeModel(
  checkpointDirectory: string,
  outputDirectory: string,
  precision: Precision,
): Promise<ShapeModel> {
  await convertCheckpoint({ checkpointDirectory, outputDirectory, precision });
  const modelPackage = await loadModelPackage(outputDirectory);
  const { manifest } = modelPackage;
  const sessions: GraphSession[] = [];
  const load = async (name: string): Promise<GraphSession> => {
    const options = { threads: availableParallelism() };
    const session = await loadGraph(modelPackage.filePath(name), options);
    sessions.push(session);
    return session;
  };
  const vision = manifest.vision && {
    geometry: manifest.vision,
    graph: await load(PACKAGE_FILES.vision),
    imageNewline: await readImageNewline(modelPackage),
  };
  const graphs = {
    decode: await load(PACKAGE_FILES.decoder),
    prefill: manifest.decoder.prefill && (await load(PACKAGE_FILES.prefill)),
  };
  const tokenEmbeddings = openTokenEmbeddings(
    modelPackage.filePath(manifest.embeddings.file),
    manifest.embeddings,
  );
  return {
    manifest,
    vision,
    tokenEmbeddings,
    decoder: createDecoder(graphs, manifest.decoder, tokenEmbeddings),
    async close() {
      for (const session of sessions) await session.close();
      tokenEmbeddings.close();
      await rm(outputDirectory, { recursive: true });
    },
  };
}
