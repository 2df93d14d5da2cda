import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { GraphBuilder } from '../../src/models/convert/graph/graph-builder.js';
import { encodeOnnxModel } from '../../src/models/convert/graph/onnx-model.js';
import {
  type ManifestContent,
  type VisionManifest,
  PACKAGE_FILES,
} from '../../src/models/package/manifest.js';
import { NEUTRAL_GENERATION } from '../fakes/generation.js';

/** A manifest without the list of files. */
export type TinyManifest = Omit<ManifestContent, 'files'> & { readonly vision: VisionManifest };

const FLOAT32 = { kind: 'float32' } as const;
const PROCESSOR = {
  tileSize: { width: 7, height: 7 },
  resample: 'bicubic',
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  rescaleFactor: 1 / 255,
} as const;

/** A consistent manifest of a model with 2 dimensions and 4 tokens. */
export function tinyManifest(): TinyManifest {
  return {
    formatVersion: 5,
    id: 'tiny',
    source: {
      architecture: 'LlavaOnevisionForConditionalGeneration',
      name: 'tiny',
      licence: 'unknown',
      revision: '0'.repeat(64),
      adapter: null,
      hub: null,
    },
    precision: 'fp32',
    vision: {
      imageSize: 7,
      patchSize: 3,
      patchesPerSide: 2,
      sequenceLength: 4,
      featuresPerTile: 4,
      hiddenSize: 2,
      layers: 1,
      encoding: FLOAT32,
      layout: {
        kind: 'anyres',
        imageGridPinpoints: [{ width: 14, height: 7 }],
        maxTilesCap: null,
        severalImagesColor: [127, 127, 127],
      },
      imageProcessor: PROCESSOR,
      videoProcessor: PROCESSOR,
      tokens: { image: 2, video: 3 },
    },
    decoder: {
      hiddenSize: 2,
      layers: 1,
      attentionHeads: 2,
      keyValueHeads: 1,
      headDim: 8,
      intermediateSize: 4,
      vocabularySize: 4,
      maxPositions: 8,
      ropeTheta: 10000,
      ropeScaling: null,
      logitSoftcap: null,
      encoding: FLOAT32,
      head: FLOAT32,
      headRows: null,
      prefill: null,
      cache: 'float32',
    },
    tokens: { bos: null, eos: [1], pad: null },
    embeddings: {
      file: PACKAGE_FILES.tokenEmbeddings,
      dtype: 'float32',
      rows: 4,
      columns: 2,
      scale: 1,
    },
    generation: NEUTRAL_GENERATION,
    languages: null,
  };
}

/** The smallest valid content of each file of a package. */
export function tinyPackageFiles(): Record<string, Uint8Array> {
  const graph = (weights: string) => {
    const builder = new GraphBuilder('tiny');
    builder.weight('w', 'float32', [2], { file: weights, offset: 0, length: 8 });
    builder.emit('Identity', ['w'], 'y');
    builder.output('y', 'float32', [2]);
    return encodeOnnxModel(builder.build());
  };
  return {
    [PACKAGE_FILES.vision]: graph(PACKAGE_FILES.visionWeights),
    [PACKAGE_FILES.visionWeights]: new Uint8Array(8),
    [PACKAGE_FILES.decoder]: graph(PACKAGE_FILES.decoderWeights),
    [PACKAGE_FILES.decoderWeights]: new Uint8Array(8),
    [PACKAGE_FILES.head]: graph(PACKAGE_FILES.headWeights),
    [PACKAGE_FILES.headWeights]: new Uint8Array(8),
    [PACKAGE_FILES.tokenEmbeddings]: new Uint8Array(32),
    [PACKAGE_FILES.imageNewline]: new Uint8Array(Float32Array.of(1, -2).buffer),
    [PACKAGE_FILES.tokenizer]: Buffer.from('{}'),
    [PACKAGE_FILES.tokenizerConfig]: Buffer.from('{}'),
    [PACKAGE_FILES.chatTemplate]: Buffer.from('x'),
  };
}

/** Writes the files of the tiny package into a folder. It has the signature of a package writer's callback. */
export async function fillTinyPackage(directory: string): Promise<TinyManifest> {
  for (const [name, content] of Object.entries(tinyPackageFiles())) {
    await writeFile(join(directory, name), content);
  }
  return tinyManifest();
}
