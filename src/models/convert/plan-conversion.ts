import { createHash } from 'node:crypto';

import { invalidModel } from '../package/invalid-model.js';
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
import {
  parseGenerationDefaults,
  parseImageProcessor,
} from './checkpoint/parse-image-processor.js';
import { type KnownTensors, createKnownTensors } from './checkpoint/tensor-names.js';
import type { WeightSlot } from './graph/weight-layout.js';
import { checkTokenizer } from '../package/check-tokenizer.js';
import { sealManifest } from '../package/manifest-json.js';
import { packageIdOf } from '../package/model-names.js';

/** A package down to the last byte of its layout, before the first weight is there. */
export interface ConversionPlan {
  /** Identifies the plan: two with the same one fill the same bytes. SHA-256 in hex. */
  readonly digest: string;
  /** Size of the finished package, its manifest left out. */
  readonly bytes: number;
  /** The checkpoint's weights, by their names after `canonicalName`, that must be there. */
  readonly tensorNames: readonly string[];
  /**
   * Compares with the names that a checkpoint holds, in any of the spellings of transformers: those of the
   * index, or of the headers of all its files.
   *
   * @throws MODEL_INVALID when a weight is missing, twice there, or unknown.
   */
  checkTensorNames(names: Iterable<string>): void;
  readonly findTensor: KnownTensors['find'];
  readonly quantization: Architecture['quantization'];
  /** Where every weight goes, by its canonical name. */
  readonly slots: ReadonlyMap<string, readonly WeightSlot[]>;
  /** Sizes of the files that slots fill. */
  readonly weightFiles: ReadonlyMap<string, number>;
  /** The other files: graphs, tokenizer, chat template. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly description: PlannedManifest;
}

/**
 * Plans the package of a checkpoint from its small files alone.
 *
 * @throws MODEL_INVALID when they are malformed, ask for something that the graphs do not do, or make a package that
 *   would not load.
 */
export function planConversion(files: CheckpointFiles, precision: Precision): ConversionPlan {
  const architecture = parseArchitecture(files.config, files.generation);
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
  const contents = new Map([...graphs.contents, ...textFiles(files)]);
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
    formatVersion: 4,
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
    generation: parseGenerationDefaults(files.generation),
  };
}

function describeVision(
  { vision }: Architecture,
  { imageProcessor, config }: CheckpointFiles,
  encoding: WeightEncoding,
): PlannedManifest['vision'] {
  if (!vision) return null;
  if (!imageProcessor) throw invalidModel('the checkpoint lacks preprocessor_config.json');
  return {
    imageSize: vision.imageSize,
    patchSize: vision.patchSize,
    patchesPerSide: vision.patchesPerSide,
    hiddenSize: vision.hiddenSize,
    layers: vision.layers,
    encoding,
    imageProcessor: parseImageProcessor(imageProcessor, config, vision.imageSize),
    tokens: vision.tokens,
  };
}

function textFiles(files: CheckpointFiles): [string, Uint8Array][] {
  const { tokenizer, tokenizerConfig, chatTemplate } = files;
  const texts: [string, Uint8Array][] = [
    [PACKAGE_FILES.tokenizer, tokenizer],
    [PACKAGE_FILES.tokenizerConfig, tokenizerConfig],
  ];
  if (chatTemplate !== null) {
    texts.push([PACKAGE_FILES.chatTemplate, new TextEncoder().encode(chatTemplate)]);
  }
  return texts;
}

/** The manifest as far as it is known without the weights. */
export interface PlannedManifest extends Omit<ManifestContent, 'files' | 'source' | 'id'> {
  readonly source: Omit<ManifestContent['source'], 'revision' | 'hub'>;
}

/** Stands for a hash that only the finished file has. */
const NO_HASH = '0'.repeat(64);

/**
 * Refuses what loading the package would refuse, as far as that shows without the weights: gigabytes are fetched
 * after this.
 *
 * @throws MODEL_INVALID
 */
export function checkPlannedPackage({
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
  const { source, decoder } = description;
  sealManifest({
    ...description,
    id: packageId(source.name, null),
    source: { ...source, revision: NO_HASH, hub: null },
    files: Object.fromEntries(
      [...sizes].map(([name, bytes]) => [name, { bytes, sha256: NO_HASH }]),
    ),
  });
  const tokenizer = contents.get(PACKAGE_FILES.tokenizer) ?? new Uint8Array();
  checkTokenizer(tokenizer, decoder.vocabularySize);
}

const LONGEST_ID = 60;

/** The id of a package: that of the repository it comes from, or the name of the checkpoint's folder as one. */
export function packageId(name: string, hub: HubSource | null): string {
  if (hub) return packageIdOf(hub.repository);
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_ID)
    .replace(/^-+|-+$/g, '');
  return id === '' ? 'model' : id;
}
