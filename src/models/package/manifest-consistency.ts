import { invalidModel } from './invalid-model.js';
import {
  type ManifestContent,
  type VisionManifest,
  type WeightEncoding,
  PACKAGE_FILES,
} from './manifest.js';

type Rules = readonly (readonly [isMet: boolean, rule: string])[];

/**
 * Checks the relations between fields. The engine uses these numbers as array sizes and indexes without further checks.
 *
 * @throws MODEL_INVALID naming the first rule that is violated.
 */
export function checkConsistency(manifest: ManifestContent): void {
  const { vision, decoder, tokens, embeddings, files } = manifest;
  const ids = [tokens.bos, ...tokens.eos, tokens.pad];
  if (vision) ids.push(vision.tokens.image, vision.tokens.video);
  const rules: Rules = [
    [
      decoder.attentionHeads % decoder.keyValueHeads === 0,
      'decoder.attentionHeads must be a multiple of decoder.keyValueHeads',
    ],
    // ONNX Runtime's GroupQueryAttention supports no other head sizes.
    [decoder.headDim % 8 === 0, 'decoder.headDim must be a multiple of 8'],
    [
      decoder.ropeScaling?.type !== 'longrope' ||
        decoder.ropeScaling.factors.length === decoder.headDim / 2,
      'decoder.ropeScaling.factors must have decoder.headDim / 2 numbers',
    ],
    [embeddings.columns === decoder.hiddenSize, 'embeddings.columns must equal decoder.hiddenSize'],
    [
      embeddings.rows === decoder.vocabularySize,
      'embeddings.rows must equal decoder.vocabularySize',
    ],
    [
      files[embeddings.file]?.bytes === embeddings.rows * rowBytes(manifest),
      'the size of the embedding file must match embeddings.rows, columns and dtype',
    ],
    [
      hasValidHeadRows(manifest),
      'the size or type of decoder.headRows must match decoder.vocabularySize and hiddenSize',
    ],
    [
      ids.every((id) => id === null || id < decoder.vocabularySize),
      'token ids must be below decoder.vocabularySize',
    ],
    [hasRequiredFiles(manifest), 'files must list exactly the files that this kind of model needs'],
    [hasMatchingPrecision(manifest), 'the encodings must match the precision'],
    ...(vision ? visionRules(vision) : []),
  ];
  const violated = rules.find(([isMet]) => !isMet);
  if (violated) throw invalidModel(violated[1]);
}

function visionRules(vision: VisionManifest): Rules {
  const { layout, imageProcessor, videoProcessor, sequenceLength, featuresPerTile } = vision;
  const patches = vision.patchesPerSide ** 2;
  const { tileSize } = imageProcessor;
  const isTile = ({ width, height }: { width: number; height: number }) =>
    width === vision.imageSize && height === vision.imageSize;
  return [
    [
      vision.patchesPerSide === Math.floor(vision.imageSize / vision.patchSize),
      'vision.patchesPerSide must be floor(imageSize / patchSize)',
    ],
    [
      [0, 1].includes(sequenceLength - patches),
      'vision.sequenceLength must be patchesPerSide * patchesPerSide, or 1 more',
    ],
    [
      [0, 1].includes(sequenceLength - featuresPerTile),
      'vision.featuresPerTile must be sequenceLength, or 1 less',
    ],
    [isTile(tileSize), 'vision.imageProcessor.tileSize must equal vision.imageSize'],
    [
      isTile(videoProcessor?.tileSize ?? tileSize),
      'vision.videoProcessor.tileSize must equal vision.imageSize',
    ],
    [
      (videoProcessor === null) === (vision.tokens.video === null),
      'vision.videoProcessor and vision.tokens.video must both be null, or neither',
    ],
    layout.kind === 'single-tile'
      ? [videoProcessor === null, 'a model with the layout `single-tile` takes no videos']
      : [
          featuresPerTile === patches &&
            layout.imageGridPinpoints.every(
              ({ width, height }) => width % tileSize.width === 0 && height % tileSize.height === 0,
            ),
          'with the layout `anyres`, vision.featuresPerTile must be patchesPerSide * patchesPerSide, and each of imageGridPinpoints a multiple of the tile size',
        ],
  ];
}

/** int8 rows, one per token: a file of its own, or the embedding file if the output head is tied to it. */
function hasValidHeadRows({ decoder, embeddings, files }: ManifestContent): boolean {
  if (decoder.headRows === null) return true;
  if (decoder.headRows === embeddings.file) return embeddings.dtype === 'int8';
  return files[decoder.headRows]?.bytes === decoder.vocabularySize * (decoder.hiddenSize + 4);
}

function rowBytes({ embeddings: { dtype, columns } }: ManifestContent): number {
  return dtype === 'float32' ? columns * 4 : columns + 4;
}

/** The chat template is the only optional file. */
function hasRequiredFiles({ vision, decoder, files }: ManifestContent): boolean {
  const { chatTemplate, headRows, prefill, prefillWeights, imageNewline } = PACKAGE_FILES;
  const visionFiles: string[] = [PACKAGE_FILES.vision, PACKAGE_FILES.visionWeights];
  const prefillFiles: string[] = [prefill, prefillWeights];
  const listed = Object.values(PACKAGE_FILES).every((name) => {
    if (name === chatTemplate) return true;
    const unused =
      (vision === null && visionFiles.includes(name)) ||
      (vision?.layout.kind !== 'anyres' && name === imageNewline) ||
      (decoder.headRows !== headRows && name === headRows) ||
      (decoder.prefill === null && prefillFiles.includes(name));
    return Object.hasOwn(files, name) !== unused;
  });
  const newline = files[imageNewline];
  return listed && (!newline || newline.bytes === decoder.hiddenSize * 4);
}

function hasMatchingPrecision({
  precision,
  vision,
  decoder,
  embeddings,
}: ManifestContent): boolean {
  const { encoding, head, headRows, prefill, cache } = decoder;
  const all: WeightEncoding[] = [encoding, head, ...(vision ? [vision.encoding] : [])];
  switch (precision) {
    case 'fp32':
      return (
        prefill === null &&
        headRows === null &&
        cache === 'float32' &&
        embeddings.dtype === 'float32' &&
        all.every(({ kind }) => kind === 'float32')
      );
    case 'int8':
      return prefill === null && encoding.kind === 'int8-rows';
    case 'int4':
      return prefill === null && encoding.kind === 'blocks';
    case 'mixed':
      return prefill !== null && encoding.kind === 'blocks';
  }
}
