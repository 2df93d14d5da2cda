import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { invalidModel } from '../model-store/invalid-model.js';
import type { ModelManifest, Precision } from '../model-store/manifest.js';
import { PACKAGE_FILES } from '../model-store/manifest.js';
import { writePackage } from '../model-store/package-writer.js';
import { encodeFloat16 } from '../tensor/float16.js';
import type { Architecture } from './architecture.js';
import type { CheckpointFiles } from './checkpoint-files.js';
import { computeRevision, readCheckpointFiles } from './checkpoint-files.js';
import type { CheckpointTensors, MatrixSource } from './checkpoint-tensors.js';
import { openCheckpointTensors } from './checkpoint-tensors.js';
import { emitDecoderGraph } from './decoder-graph.js';
import { GraphBuilder } from './graph-builder.js';
import type { EmitLinear } from './linear.js';
import { createLinear } from './linear.js';
import { encodeOnnxModel } from './onnx-model.js';
import { parseArchitecture } from './parse-architecture.js';
import { parseGenerationDefaults, parseImageProcessor } from './parse-processor.js';
import { emitVisionGraph } from './vision-graph.js';
import { WeightFile } from './weight-file.js';

/** How far a conversion is; `done` and `total` count the layers, or rows, of the stage. */
export interface ConversionProgress {
  readonly stage: 'vision' | 'decoder' | 'embeddings';
  readonly done: number;
  readonly total: number;
}

export interface ConversionRequest {
  /** A Hugging Face checkpoint of LlavaOnevisionForConditionalGeneration. */
  readonly checkpointDirectory: string;
  /** Becomes the package; an older package there is replaced. */
  readonly outputDirectory: string;
  readonly precision: Precision;
  readonly onProgress?: (progress: ConversionProgress) => void;
}

/** Rows of embeddings written at once. */
const EMBEDDING_ROWS = 1024;

/** Weights that some checkpoints carry and no feature goes through. */
const IDLE_TENSORS = [
  /^vision_tower\.(post_layernorm|head)\./,
  /^vision_tower\.embeddings\.position_ids$/,
  /\.rotary_emb\.inv_freq$/,
];

/**
 * Turns a checkpoint into a model package: two ONNX graphs, the token embeddings, the tokenizer and a
 * manifest. Weights are read and written a block at a time, so memory does not grow with the model.
 *
 * @throws MODEL_INVALID when the checkpoint is malformed or of a kind that the graphs cannot express; the
 *   output folder is then as it was.
 */
export async function convertCheckpoint(request: ConversionRequest): Promise<ModelManifest> {
  const { checkpointDirectory, outputDirectory, precision } = request;
  const files = await readCheckpointFiles(checkpointDirectory);
  const architecture = parseArchitecture(files.config, files.generation);
  const { decoder, tokens } = architecture;
  const imageProcessor = parseImageProcessor(
    files.imageProcessor,
    files.config,
    architecture.vision.imageSize,
  );
  const tensors = await openCheckpointTensors(checkpointDirectory);
  try {
    return await writePackage(outputDirectory, async (directory) => {
      await writeGraphs(architecture, tensors, directory, request);
      await writeEmbeddings(architecture, tensors, directory, request);
      checkNothingLeft(architecture, tensors);
      await writeTexts(files, directory);
      return {
        formatVersion: 1,
        id: toModelId(files.name),
        source: {
          architecture: architecture.name,
          revision: await computeRevision(checkpointDirectory),
          licence: files.licence,
          name: files.name,
        },
        precision,
        vision: pickVision(architecture),
        decoder: pickDecoder(architecture),
        tokens,
        embeddings: {
          file: PACKAGE_FILES.tokenEmbeddings,
          dtype: precision === 'fp32' ? 'float32' : 'float16',
          rows: decoder.vocabularySize,
          columns: decoder.hiddenSize,
        },
        imageProcessor,
        generation: parseGenerationDefaults(files.generation),
      };
    });
  } finally {
    await tensors.close();
  }
}

async function writeGraphs(
  architecture: Architecture,
  tensors: CheckpointTensors,
  directory: string,
  { precision, onProgress }: ConversionRequest,
): Promise<void> {
  const write = async (
    stage: 'vision' | 'decoder',
    emit: (context: {
      graph: GraphBuilder;
      linear: EmitLinear;
      tensors: CheckpointTensors;
      onLayer: (done: number) => void;
    }) => Promise<void>,
  ): Promise<void> => {
    const graph = new GraphBuilder(stage);
    const weights = await WeightFile.create(join(directory, PACKAGE_FILES[`${stage}Weights`]));
    try {
      const total = architecture[stage].layers;
      await emit({
        graph,
        tensors,
        linear: createLinear(precision, graph, weights),
        onLayer: (done) => onProgress?.({ stage, done, total }),
      });
    } finally {
      await weights.close();
    }
    await writeFile(join(directory, PACKAGE_FILES[stage]), encodeOnnxModel(graph.build()));
  };
  await write('vision', (context) => emitVisionGraph(architecture, context));
  await write('decoder', (context) => emitDecoderGraph(architecture.decoder, context));
}

/** The graph starts at embeddings, so their rows go into a file that is read a row at a time. */
async function writeEmbeddings(
  { decoder }: Architecture,
  tensors: CheckpointTensors,
  directory: string,
  { precision, onProgress }: ConversionRequest,
): Promise<void> {
  const { vocabularySize: total, hiddenSize } = decoder;
  const name = 'language_model.embed_tokens.weight';
  const source: MatrixSource = tensors.matrix(name, [total, hiddenSize]);
  const handle = await open(join(directory, PACKAGE_FILES.tokenEmbeddings), 'wx');
  try {
    for (let done = 0; done < total;) {
      const count = Math.min(EMBEDDING_ROWS, total - done);
      const rows = await source.readRows(done, count);
      const values = precision === 'fp32' ? rows : encodeFloat16(rows);
      await handle.appendFile(new Uint8Array(values.buffer));
      done += count;
      onProgress?.({ stage: 'embeddings', done, total });
    }
  } finally {
    await handle.close();
  }
  const newline = await tensors.read('image_newline', [hiddenSize]);
  await writeFile(join(directory, PACKAGE_FILES.imageNewline), new Uint8Array(newline.buffer));
}

async function writeTexts(files: CheckpointFiles, directory: string): Promise<void> {
  await writeFile(join(directory, PACKAGE_FILES.tokenizer), files.tokenizer);
  await writeFile(join(directory, PACKAGE_FILES.tokenizerConfig), files.tokenizerConfig);
  await writeFile(join(directory, PACKAGE_FILES.chatTemplate), files.chatTemplate);
}

/** A weight that no graph took means that the model computes something this converter does not know. */
function checkNothingLeft({ vision, decoder }: Architecture, tensors: CheckpointTensors): void {
  const left = tensors.unusedNames().filter((name) => {
    const layer = /^vision_tower\.encoder\.layers\.(\d+)\./.exec(name)?.[1];
    if (layer !== undefined && Number(layer) >= vision.layers) return false;
    if (name === 'lm_head.weight' && decoder.outputHead === 'embeddings') return false;
    return !IDLE_TENSORS.some((pattern) => pattern.test(name));
  });
  if (left.length > 0) {
    throw invalidModel(`the checkpoint holds ${left.length} weights that no known layer has`);
  }
}

function pickVision({ vision }: Architecture): ModelManifest['vision'] {
  const { imageSize, patchSize, patchesPerSide, hiddenSize, layers } = vision;
  return { imageSize, patchSize, patchesPerSide, hiddenSize, layers };
}

function pickDecoder({ decoder }: Architecture): ModelManifest['decoder'] {
  const { hiddenSize, layers, attentionHeads, keyValueHeads, headDim } = decoder;
  const { vocabularySize, maxPositions, ropeTheta, ropeScaling } = decoder;
  return {
    hiddenSize,
    layers,
    attentionHeads,
    keyValueHeads,
    headDim,
    vocabularySize,
    maxPositions,
    ropeTheta,
    ropeScaling,
  };
}

/** A folder's name as an id: small letters, digits and single separators. */
function toModelId(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return id === '' ? 'model' : id;
}
