import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { convertCheckpoint } from '../src/conversion/convert-checkpoint.js';
import { createDecoder, type Decoder } from '../src/decoder/decoder.js';
import { openTokenEmbeddings, type TokenEmbeddings } from '../src/decoder/token-embeddings.js';
import { loadTokenizer, type Tokenizer } from '../src/language/tokenizer.js';
import type { ModelManifest, Precision, VisionManifest } from '../src/model-store/manifest.js';
import { PACKAGE_FILES } from '../src/model-store/manifest.js';
import { loadModelPackage, readImageNewline } from '../src/model-store/model-package.js';
import { type GraphSession, loadGraph } from '../src/runtime/graph-session.js';

/** The parts of a loaded model, open to a test that looks between them. */
export interface ModelParts {
  /** The package's folder. */
  readonly directory: string;
  readonly manifest: ModelManifest;
  /** Of the manifest, which has one. */
  readonly geometry: VisionManifest;
  readonly imageNewline: Float32Array;
  readonly tokenizer: Tokenizer;
  readonly tokenEmbeddings: TokenEmbeddings;
  readonly visionSession: GraphSession;
  readonly decoderSession: GraphSession;
  readonly decoder: Decoder;
  /** Frees the sessions and deletes the package. */
  close(): Promise<void>;
}

/** Converts a checkpoint that sees with the sources as they are now, into a folder that `close` deletes, and loads it. */
export async function openConverted(
  checkpointDirectory: string,
  precision: Precision,
): Promise<ModelParts> {
  const folder = await mkdtemp(join(tmpdir(), 'salamandra-test-'));
  const directory = join(folder, precision);
  await convertCheckpoint({ checkpointDirectory, outputDirectory: directory, precision });
  const modelPackage = await loadModelPackage(directory);
  const { manifest } = modelPackage;
  if (!manifest.vision) throw new RangeError('The checkpoint does not see.');
  const threads = { threads: availableParallelism() };
  const [imageNewline, tokenizer, visionSession, decoderSession] = await Promise.all([
    readImageNewline(modelPackage),
    loadTokenizer(directory),
    loadGraph(modelPackage.filePath(PACKAGE_FILES.vision), threads),
    loadGraph(modelPackage.filePath(PACKAGE_FILES.decoder), threads),
  ]);
  const prefill =
    manifest.decoder.prefill &&
    (await loadGraph(modelPackage.filePath(PACKAGE_FILES.prefill), threads));
  const tokenEmbeddings = openTokenEmbeddings(
    modelPackage.filePath(manifest.embeddings.file),
    manifest.embeddings,
  );
  return {
    directory,
    manifest,
    geometry: manifest.vision,
    imageNewline,
    tokenizer,
    tokenEmbeddings,
    visionSession,
    decoderSession,
    decoder: createDecoder({ decode: decoderSession, prefill }, manifest.decoder, tokenEmbeddings),
    async close() {
      await visionSession.close();
      await decoderSession.close();
      await prefill?.close();
      tokenEmbeddings.close();
      await rm(folder, { recursive: true });
    },
  };
}
