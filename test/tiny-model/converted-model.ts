import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { convertCheckpoint } from '../../src/models/convert/convert-checkpoint.js';
import { openHeadRows } from '../../src/decoder/output-head.js';
import {
  type GraphName,
  type LoadedNetwork,
  loadModel,
  loadNetwork,
} from '../../src/engine/load-model.js';
import type { LoadedModel, VisionModel } from '../../src/engine/loaded-model.js';
import {
  type Precision,
  type VisionManifest,
  PACKAGE_FILES,
} from '../../src/models/package/manifest.js';
import { loadModelPackage, type ModelPackage } from '../../src/models/package/model-package.js';
import { type GraphSession, loadGraph } from '../../src/runtime/graph-session.js';

/** A converted model without a tokenizer: synthetic checkpoints have none. */
export interface Network extends LoadedNetwork {
  /**
   * Logits of the last run, all computed with the int8 rows of the output head. Production uses these rows for the top
   * tokens only. Their error is that of the layers before the head. `null` if the head is not quantized.
   */
  int8HeadLogits(): Float32Array[] | null;
}

/** A converted model with its tokenizer. */
export interface ChatModel extends LoadedModel, Network {
  close(): Promise<void>;
}

/** A converted vision-language model. */
export interface ConvertedModel extends ChatModel {
  readonly vision: VisionModel & { readonly geometry: VisionManifest };
}

type Load<T> = (
  modelPackage: ModelPackage,
  load: (graph: GraphName) => Promise<GraphSession>,
) => Promise<T>;

/** Converts a vision-language checkpoint and loads the package, which `close` deletes. */
export async function openConverted(
  checkpointDirectory: string,
  precision: Precision,
): Promise<ConvertedModel> {
  const folder = await mkdtemp(join(tmpdir(), 'salamandra-test-'));
  const model = await openChatModel(checkpointDirectory, folder, precision);
  const { vision, manifest } = model;
  if (!vision || !manifest.vision) throw new RangeError('The checkpoint has no vision encoder.');
  return { ...model, vision: { ...vision, geometry: manifest.vision } };
}

/** Converts a checkpoint with a tokenizer into `outputDirectory` and loads the package, which `close` deletes. */
export function openChatModel(
  checkpointDirectory: string,
  outputDirectory: string,
  precision: Precision,
): Promise<ChatModel> {
  return open(loadModel, checkpointDirectory, outputDirectory, precision);
}

/** Converts any checkpoint into `outputDirectory` and loads the package, which `close` deletes. */
export function openNetwork(
  checkpointDirectory: string,
  outputDirectory: string,
  precision: Precision,
): Promise<Network> {
  return open(loadNetwork, checkpointDirectory, outputDirectory, precision);
}

async function open<T extends LoadedNetwork>(
  load: Load<T>,
  checkpointDirectory: string,
  outputDirectory: string,
  precision: Precision,
): Promise<T & Network> {
  await convertCheckpoint({ checkpointDirectory, outputDirectory, precision });
  const modelPackage = await loadModelPackage(outputDirectory);
  let lastHidden: Float32Array = new Float32Array();
  const model = await load(modelPackage, async (graph) => {
    const path = modelPackage.filePath(PACKAGE_FILES[graph]);
    const session = await loadGraph(path, { threads: availableParallelism() });
    if (graph !== 'head') return session;
    return {
      ...session,
      run: (inputs) => {
        lastHidden = (inputs[0]?.['hidden']?.data as Float32Array).slice();
        return session.run(inputs);
      },
    };
  });
  return {
    ...model,
    int8HeadLogits: () => computeLogits(modelPackage, lastHidden),
    async close() {
      await model.close();
      await rm(outputDirectory, { recursive: true });
    },
  };
}

/** @param hidden `[count, hidden]`. @returns logits `[vocabulary]` per row, or `null` without int8 head rows. */
function computeLogits(
  { manifest: { decoder }, filePath }: ModelPackage,
  hidden: Float32Array,
): Float32Array[] | null {
  const { headRows, hiddenSize, vocabularySize } = decoder;
  if (headRows === null) return null;
  const rows = openHeadRows(filePath(headRows), vocabularySize, hiddenSize);
  const logits = Array.from({ length: hidden.length / hiddenSize }, (_, index) => {
    const state = hidden.subarray(index * hiddenSize, (index + 1) * hiddenSize);
    return Float32Array.from({ length: vocabularySize }, (__, id) => rows.dot(id, state));
  });
  rows.close();
  return logits;
}
