import { createHash } from 'node:crypto';

import { checkingFile, invalidCheckpoint } from '../package/invalid-model.js';
import {
  type Precision,
  type WeightEncoding,
  PACKAGE_FILES,
  type ManifestContent,
  type HubSource,
} from '../package/manifest.js';
import type { Architecture } from './checkpoint/architecture.js';
import type { CheckpointFiles } from './checkpoint/checkpoint-files.js';
import {
  type Encodings,
  chooseEncodings,
  headRowsFile,
  planTables,
  planGraphs,
} from './plan-weights.js';
import { parseArchitecture } from './checkpoint/parse-config.js';
import { parseGenerationDefaults } from './checkpoint/parse-generation.js';
import { parseImageProcessor } from './checkpoint/parse-image-processor.js';
import { planTexts } from './plan-texts.js';
import { type KnownTensors, createKnownTensors } from './checkpoint/tensor-names.js';
import type { WeightSlot } from './graph/weight-layout.js';
import { sealManifest } from '../package/manifest-json.js';
import { packageIdOf } from '../package/model-names.js';

/** The complete layout of a package, known before any weight is read. */
export interface ConversionPlan {
  /** SHA-256 in hex of layout and contents: equal plans write weights to the same offsets in the same encoding. */
  readonly digest: string;
  /** Size of the package in bytes, without the manifest. */
  readonly bytes: number;
  /** Required weights, by canonical name (see `canonicalName`). */
  readonly tensorNames: readonly string[];
  /**
   * Compares the tensor names of a checkpoint, in any spelling of transformers, with the required ones.
   *
   * @throws MODEL_INVALID if a tensor is missing, duplicate or unknown.
   */
  checkTensorNames(names: Iterable<string>): void;
  readonly findTensor: KnownTensors['find'];
  readonly quantization: Architecture['quantization'];
  /** Destinations of each weight, by canonical name. */
  readonly slots: ReadonlyMap<string, readonly WeightSlot[]>;
  /** Sizes in bytes of the files that receive weights. */
  readonly weightFiles: ReadonlyMap<string, number>;
  /** Content of the other files: graphs, tokenizer, chat template. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly description: PlannedManifest;
}

/**
 * Plans the package of a checkpoint from its configuration and tokenizer files, without the weights.
 *
 * @throws MODEL_INVALID if they are malformed, need an unsupported feature, or would make an invalid package.
 */
export function planConversion(files: CheckpointFiles, precision: Precision): ConversionPlan {
  const architecture = checkingFile('checkpoint', 'config.json', () =>
    parseArchitecture(files.config, files.generation),
  );
  const { decoder, quantization } = architecture;
  const encodings = chooseEncodings(precision, architecture);
  const description = describe(architecture, files, precision, encodings);
  const graphs = planGraphs(architecture, encodings);
  const tables = planTables(architecture, encodings);

  const slots = new Map<string, WeightSlot[]>();
  for (const slot of [...graphs.slots, ...tables.slots]) {
    slots.set(slot.tensor, [...(slots.get(slot.tensor) ?? []), slot]);
  }
  const weightFiles = new Map([...graphs.weightFiles, ...tables.weightFiles]);
  const contents = new Map([...graphs.contents, ...planTexts(files, architecture)]);
  checkPlannedPackage({ description, contents, weightFiles });
  const known = createKnownTensors(new Set(slots.keys()), architecture);
  const hash = createHash('sha256').update(
    JSON.stringify([description, quantization, decoder, [...slots], [...weightFiles]]),
  );
  let bytes = 0;
  for (const size of weightFiles.values()) bytes += size;
  for (const [name, content] of contents) {
    bytes += content.length;
    hash.update(`${name} ${content.length}\n`).update(content);
  }
  return {
    digest: hash.digest('hex'),
    bytes,
    tensorNames: [...slots.keys()],
    checkTensorNames: (names) => {
      known.check(names);
    },
    findTensor: (name) => known.find(name),
    quantization,
    slots,
    weightFiles,
    contents,
    description,
  };
}

function describe(
  architecture: Architecture,
  files: CheckpointFiles,
  precision: Precision,
  encodings: Encodings,
): PlannedManifest {
  const { name, decoder, tokens } = architecture;
  return {
    formatVersion: 5,
    source: { architecture: name, name: files.name, licence: files.licence },
    precision,
    vision: describeVision(architecture, files, encodings.vision),
    decoder: {
      hiddenSize: decoder.hiddenSize,
      layers: decoder.layers,
      attentionHeads: decoder.attentionHeads,
      keyValueHeads: decoder.keyValueHeads,
      headDim: decoder.headDim,
      intermediateSize: decoder.intermediateSize,
      vocabularySize: decoder.vocabularySize,
      maxPositions: decoder.maxPositions,
      ropeTheta: decoder.ropeTheta,
      ropeScaling: decoder.ropeScaling,
      encoding: encodings.decoder,
      head: encodings.head,
      headRows: headRowsFile(decoder, encodings),
      prefill: encodings.prefill,
      cache: encodings.cache,
    },
    tokens,
    embeddings: {
      file: PACKAGE_FILES.tokenEmbeddings,
      dtype: encodings.embeddings,
      rows: decoder.vocabularySize,
      columns: decoder.hiddenSize,
    },
    generation: checkingFile('checkpoint', 'generation_config.json', () =>
      parseGenerationDefaults(files.generation),
    ),
  };
}

function describeVision(
  { vision }: Architecture,
  { imageProcessor, config }: CheckpointFiles,
  encoding: WeightEncoding,
): PlannedManifest['vision'] {
  if (!vision) return null;
  if (!imageProcessor) {
    throw invalidCheckpoint(
      'preprocessor_config.json',
      'the file is missing, and processor_config.json contains no image_processor',
    );
  }
  return {
    imageSize: vision.imageSize,
    patchSize: vision.patchSize,
    patchesPerSide: vision.patchesPerSide,
    hiddenSize: vision.hiddenSize,
    layers: vision.layers,
    encoding,
    imageProcessor: checkingFile('checkpoint', 'preprocessor_config.json', () =>
      parseImageProcessor(imageProcessor, config, vision.imageSize),
    ),
    tokens: vision.tokens,
  };
}

/** A manifest without the fields that depend on the weights or their origin. */
interface PlannedManifest extends Omit<ManifestContent, 'files' | 'source' | 'id'> {
  readonly source: Omit<ManifestContent['source'], 'revision' | 'hub'>;
}

/** Placeholder for hashes of files that do not exist yet. */
const NO_HASH = '0'.repeat(64);

/**
 * Applies the checks of `loadModelPackage` that need no weights, before gigabytes of them are downloaded.
 *
 * @throws MODEL_INVALID
 */
function checkPlannedPackage({
  description,
  contents,
  weightFiles,
}: {
  readonly description: PlannedManifest;
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly weightFiles: ReadonlyMap<string, number>;
}): void {
  const sizes = new Map(weightFiles);
  for (const [name, content] of contents) sizes.set(name, content.length);
  const { source } = description;
  sealManifest({
    ...description,
    id: packageId(source.name, null),
    source: { ...source, revision: NO_HASH, hub: null },
    files: Object.fromEntries(
      [...sizes].map(([name, bytes]) => [name, { bytes, sha256: NO_HASH }]),
    ),
  });
}

const MAX_ID_LENGTH = 60;

/**
 * Id of a package: of its repository (`packageIdOf`), or the folder name in lower case with dashes for other
 * characters.
 */
export function packageId(name: string, hub: HubSource | null): string {
  if (hub) return packageIdOf(hub.repository);
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_ID_LENGTH)
    .replace(/^-+|-+$/g, '');
  return id === '' ? 'model' : id;
}
