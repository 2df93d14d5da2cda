import { createHash } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { appendedTokens, createSmallFiles } from '../hub/synthetic-json-files.js';
import {
  type CheckpointShape,
  listTensors,
  type SyntheticTensor,
} from '../hub/synthetic-shapes.js';
import { createTokenizerFile } from '../hub/synthetic-tokenizer.js';
import { readTensor } from '../hub/synthetic-values.js';
import type { ShapeCase } from './shape-references.js';

const BYTES_PER_VALUE = 2;
const HEADER_ALIGNMENT = 8;
const FINGERPRINT_VALUES = 64;

/** Writes the checkpoint of a case with one weight file, as a stream, since it may have gigabytes. */
export async function writeShapeCheckpoint(one: ShapeCase, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const shape = shapeOf(one);
  const files = createSmallFiles(shape);
  files['config.json'] = JSON.stringify(changeConfig(files['config.json']!, one));
  files['tokenizer.json'] = createTokenizerFile(shape.pieces, appendedTokens(shape));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  await writeWeights(join(directory, 'model.safetensors'), caseTensors(one));
}

/** SHA-256 of names and first values of all tensors. It equals that of models/training if the rule is the same. */
export function fingerprintOf(one: ShapeCase): string {
  const hash = createHash('sha256');
  for (const { name, shape } of caseTensors(one)) {
    const bytes = Math.min(FINGERPRINT_VALUES * BYTES_PER_VALUE, bytesOf({ name, shape }));
    hash.update(name);
    for (const slice of readTensor(name, shape, 0, bytes)) hash.update(slice);
  }
  return hash.digest('hex');
}

function shapeOf({ name, decoder, vision, pieces, tiedHead }: ShapeCase): CheckpointShape {
  return {
    repository: `shapes/${name}`,
    decoder: { ...decoder, family: 'llama', head: tiedHead ? 'embeddings' : 'own' },
    vision,
    layout: 'llava_onevision',
    pieces,
    shardBytes: Infinity,
  };
}

/** Tensors sorted by name. */
function caseTensors(one: ShapeCase): SyntheticTensor[] {
  return listTensors(shapeOf(one)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function changeConfig(text: string, { config, tiedHead, vision }: ShapeCase): unknown {
  const json = JSON.parse(text) as Record<string, object>;
  const changes = { ...config, tie_word_embeddings: tiedHead };
  if (!vision) return { ...json, ...changes };
  return { ...json, text_config: { ...json['text_config'], ...changes } };
}

/** Writes a safetensors file with the synthetic values of these tensors. */
export async function writeWeights(
  path: string,
  tensors: readonly SyntheticTensor[],
): Promise<void> {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const tensor of tensors) {
    const start = end;
    end += bytesOf(tensor);
    header[tensor.name] = { dtype: 'BF16', shape: tensor.shape, data_offsets: [start, end] };
  }
  const json = JSON.stringify(header);
  const padded = json.padEnd(Math.ceil(json.length / HEADER_ALIGNMENT) * HEADER_ALIGNMENT);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const file = await open(path, 'w');
  try {
    await file.appendFile(Buffer.concat([length, Buffer.from(padded)]));
    for (const tensor of tensors) {
      const slices = readTensor(tensor.name, tensor.shape, 0, bytesOf(tensor));
      for (const slice of slices) await file.appendFile(slice);
    }
  } finally {
    await file.close();
  }
}

function bytesOf({ shape }: SyntheticTensor): number {
  return shape.reduce((product, size) => product * size, BYTES_PER_VALUE);
}
