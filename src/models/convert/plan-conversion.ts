import { createHash } from 'node:crypto';

import { checkingFile, invalidCheckpoint } from '../package/invalid-model.js';
import { parseJsonObject } from '../package/json-fields.js';
import {
  type AdapterSource,
  type Precision,
  type WeightEncoding,
  PACKAGE_FILES,
  type GenerationDefaults,
  type ManifestContent,
  type HubSource,
} from '../package/manifest.js';
import type { Architecture } from './checkpoint/architecture.js';
import { checkProcessor } from './checkpoint/check-processor.js';
import { type CheckpointFiles, PROCESSOR_FILE } from './checkpoint/checkpoint-files.js';
import {
  type Encodings,
  chooseEncodings,
  headRowsFile,
  notesOnQuantization,
  planTables,
  planGraphs,
} from './plan-weights.js';
import { parseArchitecture } from './checkpoint/parse-config.js';
import { findGenerationFile, parseGeneration } from './checkpoint/parse-generation.js';
import { parseImageProcessor } from './checkpoint/parse-image-processor.js';
import { notesOnEndOfTurn } from './checkpoint/parse-tokens.js';
import { parseVideoProcessor } from './checkpoint/parse-video-processor.js';
import { planTexts } from './plan-texts.js';
import {
  type KnownTensors,
  type TensorOrigin,
  createKnownTensors,
} from './checkpoint/tensor-names.js';
import { modelLanguages } from './checkpoint/model-languages.js';
import type { WeightSlot } from './graph/weight-layout.js';
import { sealManifest } from '../package/manifest-json.js';
import { packageIdOf } from '../package/model-names.js';

/** The complete layout of a package, known before any weight is read. */
export interface ConversionPlan {
  /** SHA-256 in hex of layout and contents: equal plans write weights to the same offsets in the same encoding. */
  readonly digest: string;
  /** Size of the package in bytes, without the manifest. */
  readonly bytes: number;
  readonly known: KnownTensors;
  readonly quantization: Architecture['quantization'];
  /** Destinations of each required weight, by canonical name (see `canonicalName`). */
  readonly slots: ReadonlyMap<string, readonly WeightSlot[]>;
  /** Sizes in bytes of the files that receive weights. */
  readonly weightFiles: ReadonlyMap<string, number>;
  /** Content of the other files: graphs, tokenizer, chat template. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly description: PlannedManifest;
  /** `Architecture.notes`, and those on quantization and generation settings. */
  readonly notes: readonly string[];
}

/**
 * Plans the package of a checkpoint from its configuration and tokenizer files and the names of its tensors, without
 * the weights.
 *
 * @param tensors all tensors of the checkpoint.
 * @throws MODEL_INVALID if the files are malformed, need an unsupported feature, or would make an invalid package, or
 *   if a tensor is missing, duplicate or unknown.
 */
export function planConversion(
  files: CheckpointFiles,
  tensors: readonly TensorOrigin[],
  precision: Precision,
): ConversionPlan {
  const plan = planPackage(
    files,
    tensors.map(({ name }) => name),
    precision,
  );
  plan.known.check(tensors);
  return plan;
}

/**
 * As `planConversion`, for a checkpoint whose tensors are not checked.
 *
 * @param tensorNames in any spelling: they decide whether the output head is tied.
 * @throws MODEL_INVALID
 */
export function planPackage(
  files: CheckpointFiles,
  tensorNames: readonly string[],
  precision: Precision,
): ConversionPlan {
  const architecture = checkingFile('checkpoint', 'config.json', () =>
    parseArchitecture(files.config, files.generation, tensorNames),
  );
  const { decoder, quantization, notes } = architecture;
  const encodings = chooseEncodings(precision, architecture);
  const generation = parseGeneration(findGenerationFile(files.config, files.generation));
  const description = describe(architecture, files, precision, encodings, generation.defaults);
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
    known,
    quantization,
    slots,
    weightFiles,
    contents,
    description,
    notes: [
      ...notes,
      ...notesOnQuantization(quantization, precision),
      ...generation.notes,
      ...describeEndOfTurn(files, architecture),
    ],
  };
}

function describeEndOfTurn(files: CheckpointFiles, { tokens }: Architecture): string[] {
  return notesOnEndOfTurn(
    files.chatTemplate?.source ?? null,
    parseJsonObject(files.tokenizer, PACKAGE_FILES.tokenizer),
    parseJsonObject(files.tokenizerConfig, PACKAGE_FILES.tokenizerConfig),
    tokens.eos,
  );
}

/** Required shape of a weight. */
export function shapeOf(
  { slots }: Pick<ConversionPlan, 'slots'>,
  weight: string,
): readonly number[] {
  const [slot] = slots.get(weight) ?? [];
  if (!slot) throw new RangeError(`The weight ${weight} has no slot.`);
  return slot.shape;
}

function describe(
  architecture: Architecture,
  files: CheckpointFiles,
  precision: Precision,
  encodings: Encodings,
  generation: GenerationDefaults,
): PlannedManifest {
  const { name, decoder, tokens } = architecture;
  return {
    formatVersion: 5,
    source: { architecture: name, name: files.name, licence: files.card.licence },
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
      logitSoftcap: decoder.logitSoftcap,
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
      scale: decoder.tokenScale,
    },
    generation,
    languages: modelLanguages(files.card.languages, files.config),
  };
}

function describeVision(
  { vision }: Architecture,
  files: CheckpointFiles,
  encoding: WeightEncoding,
): PlannedManifest['vision'] {
  if (!vision) return null;
  const { config, imageProcessor, videoProcessor } = files;
  checkingFile('checkpoint', PROCESSOR_FILE, () => {
    checkProcessor(files.processor, config, vision);
  });
  if (!imageProcessor) {
    throw invalidCheckpoint(
      'preprocessor_config.json',
      'the file is missing, and processor_config.json contains no image_processor',
    );
  }
  const { layout, imageProcessor: images } = checkingFile('checkpoint', imageProcessor.file, () =>
    parseImageProcessor(imageProcessor.json, config, vision),
  );
  const videos =
    videoProcessor && vision.tokens.video !== null
      ? checkingFile('checkpoint', videoProcessor.file, () =>
          parseVideoProcessor(videoProcessor.json, vision),
        )
      : null;
  return {
    imageSize: vision.imageSize,
    patchSize: vision.patchSize,
    patchesPerSide: vision.patchesPerSide,
    sequenceLength: vision.sequenceLength,
    featuresPerTile: vision.featuresPerTile,
    hiddenSize: vision.hiddenSize,
    layers: vision.layers,
    encoding,
    layout,
    imageProcessor: images,
    videoProcessor: videos,
    tokens: { image: vision.tokens.image, video: videos && vision.tokens.video },
  };
}

/** A manifest without the fields that depend on the weights or their origin. */
interface PlannedManifest extends Omit<ManifestContent, 'files' | 'source' | 'id'> {
  readonly source: Omit<ManifestContent['source'], 'revision' | 'adapter' | 'hub'>;
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
    id: packageId(source.name, null, null),
    source: { ...source, revision: NO_HASH, adapter: null, hub: null },
    files: Object.fromEntries(
      [...sizes].map(([name, bytes]) => [name, { bytes, sha256: NO_HASH }]),
    ),
  });
}

const MAX_ID_LENGTH = 60;

/**
 * Id of a package: of its repository (`packageIdOf`), or the names of the folder and of the adapter in lower case with
 * dashes for other characters.
 */
export function packageId(
  name: string,
  adapter: AdapterSource | null,
  hub: HubSource | null,
): string {
  if (hub) return packageIdOf(hub.repository);
  const id = (adapter ? `${name} ${adapter.name}` : name)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_ID_LENGTH)
    .replace(/^-+|-+$/g, '');
  return id === '' ? 'model' : id;
}
