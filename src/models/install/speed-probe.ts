import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { PROJECT_DIRECTORY } from '../../config/configuration.js';
import { readCheckpointFiles, SMALL_FILES } from '../convert/checkpoint/checkpoint-files.js';
import { type ConversionPlan, planPackage } from '../convert/plan-conversion.js';
import { checkObject, type JsonObject, parseJsonObject } from '../package/json-fields.js';
import type { ModelShape } from '../package/known-models.js';
import type { Precision } from '../package/manifest.js';
import { publishPackage } from '../package/package-writer.js';
import { BUNDLED_MODEL } from './install-model.js';

const IMAGE_SIZE = 384;
const PATCH_SIZE = 14;

/**
 * Shape of the probe: a few layers as wide as those of published models, so that matrix products run at the same speed.
 * The vocabulary is that of the demo model.
 */
export const PROBE_SHAPE = {
  decoder: {
    ...{ hiddenSize: 2048, layers: 3, attentionHeads: 16, keyValueHeads: 8, headDim: 128 },
    ...{ intermediateSize: 5632, vocabularySize: 9216, outputHead: 'own', maxPositions: 2048 },
  },
  vision: {
    ...{ hiddenSize: 1152, intermediateSize: 4304, layers: 2 },
    patches: Math.floor(IMAGE_SIZE / PATCH_SIZE) ** 2,
    photograph: { tiles: 5, visualTokens: 2929 },
  },
} as const satisfies ModelShape;

const VISION_HEADS = 16;

/** Disk space for the probe in two precisions. */
export const PROBE_BYTES = 1_000_000_000;

/** Weights are filled with this number: speed does not depend on values, but denormal numbers and NaN are slow. */
const WEIGHT = 0.01;
const FILL_BYTES = 1 << 20;

/**
 * Writes a package of PROBE_SHAPE whose weights mean nothing, to measure the speed of this machine without a large
 * model. Its graphs are those of a conversion; tokenizer and processor are those of the demo model.
 *
 * @param directory a new folder for the package, with temporary folders beside it.
 * @param checkpoint folder of the demo model's checkpoint.
 * @throws MODEL_INVALID if the checkpoint is damaged; file system errors.
 */
export async function writeSpeedProbe(
  directory: string,
  precision: Precision,
  checkpoint = join(PROJECT_DIRECTORY, 'models', BUNDLED_MODEL),
): Promise<void> {
  const source = `${directory}.source`;
  const staging = `${directory}.staging`;
  try {
    await writeProbeCheckpoint(checkpoint, source);
    const plan = planPackage(await readCheckpointFiles(source), [], precision);
    await mkdir(staging, { recursive: true });
    for (const [name, bytes] of plan.weightFiles) await fillFile(join(staging, name), bytes);
    await publishPackage(staging, directory, plan.contents, describe(plan));
  } finally {
    await rm(source, { recursive: true, force: true });
    await rm(staging, { recursive: true, force: true });
  }
}

function describe({ description }: ConversionPlan): Parameters<typeof publishPackage>[3] {
  const source = { ...description.source, revision: '0'.repeat(64), adapter: null, hub: null };
  return { ...description, id: 'speed-probe', source };
}

/** Copies the small files of a checkpoint, with the sizes of PROBE_SHAPE. */
async function writeProbeCheckpoint(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of SMALL_FILES) {
    const bytes = await readFile(join(from, name)).catch(() => null);
    if (bytes === null) continue;
    const content = name.endsWith('config.json')
      ? JSON.stringify(withProbeSizes(parseJsonObject(bytes, name), name))
      : bytes;
    await writeFile(join(to, name), content);
  }
}

function withProbeSizes(json: JsonObject, name: string): JsonObject {
  const resized = withImageSize(json) as JsonObject;
  if (name !== 'config.json') return resized;
  const { decoder, vision } = PROBE_SHAPE;
  return {
    ...resized,
    text_config: {
      ...checkObject(json['text_config'], 'text_config'),
      hidden_size: decoder.hiddenSize,
      num_hidden_layers: decoder.layers,
      num_attention_heads: decoder.attentionHeads,
      num_key_value_heads: decoder.keyValueHeads,
      head_dim: decoder.headDim,
      intermediate_size: decoder.intermediateSize,
      vocab_size: decoder.vocabularySize,
      max_position_embeddings: decoder.maxPositions,
    },
    vision_config: {
      ...checkObject(json['vision_config'], 'vision_config'),
      hidden_size: vision.hiddenSize,
      num_hidden_layers: vision.layers,
      num_attention_heads: VISION_HEADS,
      intermediate_size: vision.intermediateSize,
      image_size: IMAGE_SIZE,
      patch_size: PATCH_SIZE,
    },
  };
}

/** Replaces the sizes of tiles in the configuration of a model or a processor, at any depth. */
function withImageSize(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const square = { height: IMAGE_SIZE, width: IMAGE_SIZE };
  const replaced: Readonly<Record<string, unknown>> = {
    size: square,
    num_image_tokens: PROBE_SHAPE.vision.patches,
    image_grid_pinpoints: [1, 2].flatMap((rows) =>
      [1, 2].map((columns) => [rows * IMAGE_SIZE, columns * IMAGE_SIZE]),
    ),
  };
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, replaced[key] ?? withImageSize(item)]),
  );
}

async function fillFile(path: string, bytes: number): Promise<void> {
  const fill = new Uint8Array(new Float32Array(FILL_BYTES / 4).fill(WEIGHT).buffer);
  const file = await open(path, 'wx');
  try {
    for (let written = 0; written < bytes;) {
      const { bytesWritten } = await file.write(fill, 0, Math.min(fill.length, bytes - written));
      written += bytesWritten;
    }
  } finally {
    await file.close();
  }
}
