import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { createSmallFiles } from '../../hub/synthetic-json-files.js';
import { exportBytesPerToken, writeOnnxExport } from '../peers/onnx-export.js';
import { ggufBytes, writeLlamaGguf } from '../peers/llama-gguf.js';
import { type BenchModel, type BenchShape, decoderOf, RANDOM_CHECKPOINTS } from './bench-shapes.js';
import { makePackage } from './random-package.js';

/** Approximate gigabytes of packages on disk, printed before they are created. */
const PACKAGE_GIGABYTES: Readonly<Record<string, number>> = {
  '0.5b-mixed': 1.2,
  '2b-mixed': 3.7,
  '2.8b-mixed': 4.2,
  '7b-mixed': 12.1,
  'giant-fp32': 4.7,
  'giant-int8': 1.2,
  'so400m-fp32': 1.8,
  'so400m-int8': 0.5,
};

export function modelPath(home: string, model: BenchModel): string {
  return join(home, model.format, modelName(model));
}

function modelName(model: BenchModel): string {
  if (model.format === 'package') return `${model.shape}-${model.precision}`;
  return model.format === 'gguf' ? `${model.shape}.gguf` : model.shape;
}

/** Approximate bytes of a model on disk. */
export function estimateBytes(model: BenchModel): number {
  const { decoder, vocabulary } = decoderOf(model.shape);
  if (model.format === 'package') return (PACKAGE_GIGABYTES[modelName(model)] ?? 0.05) * 1e9;
  if (model.format === 'gguf') return ggufBytes(decoder, vocabulary);
  return exportBytesPerToken(decoder, vocabulary) + (decoder.hidden * vocabulary * 5) / 8;
}

/** Creates missing models. Converts a package again if the converter would now write a different one. */
export async function makeModel(home: string, model: BenchModel): Promise<void> {
  const path = modelPath(home, model);
  const startMs = performance.now();
  if (await make(path, model)) {
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
    console.log(
      `made ${model.format} ${modelName(model)}: ${gigabytes(diskBytes(path))} GB, ${seconds} s`,
    );
  }
}

async function make(path: string, model: BenchModel): Promise<boolean> {
  if (model.format === 'package') return makePackage(model.shape, model.precision, path);
  if (existsSync(path)) return false;
  const { decoder, vocabulary } = decoderOf(model.shape);
  mkdirSync(join(path, '..'), { recursive: true });
  if (model.format === 'gguf') {
    writeLlamaGguf(path, decoder, vocabulary);
    return true;
  }
  const unfinished = `${path}.part`;
  mkdirSync(join(unfinished, 'onnx'), { recursive: true });
  for (const [name, text] of Object.entries(createSmallFiles(textCheckpoint(model.shape)))) {
    writeFileSync(join(unfinished, name), text);
  }
  writeOnnxExport(join(unfinished, 'onnx'), decoder, vocabulary);
  renameSync(unfinished, path);
  return true;
}

/** The same decoder as a text-only checkpoint. */
function textCheckpoint(shape: BenchShape) {
  const { decoder, vocabulary } = decoderOf(shape);
  return { ...RANDOM_CHECKPOINTS['2b'], vision: null, decoder, pieces: vocabulary };
}

export function removeModel(home: string, model: BenchModel): void {
  const path = modelPath(home, model);
  for (const each of [path, `${path}.digest`]) rmSync(each, { recursive: true, force: true });
}

/** Bytes of a file, or of all files in a folder. */
export function diskBytes(path: string): number {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (!entry?.isDirectory()) return entry?.size ?? 0;
  return readdirSync(path).reduce((sum, name) => sum + diskBytes(join(path, name)), 0);
}

export function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
