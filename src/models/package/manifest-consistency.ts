import { invalidModel } from './invalid-model.js';
import {
  type ManifestContent,
  type VisionManifest,
  type WeightEncoding,
  PACKAGE_FILES,
} from './manifest.js';

type Promises = readonly (readonly [holds: boolean, about: string])[];

/**
 * Checks what the fields promise each other; the layers above index with these numbers unchecked.
 *
 * @throws MODEL_INVALID naming what the manifest contradicts itself about.
 */
export function checkConsistency(manifest: ManifestContent): void {
  const { vision, decoder, tokens, embeddings, files } = manifest;
  const ids = [tokens.bos, ...tokens.eos, tokens.pad];
  if (vision) ids.push(vision.tokens.image, vision.tokens.video);
  const promises: Promises = [
    [decoder.attentionHeads % decoder.keyValueHeads === 0, 'attention heads'],
    // As the runtime's fused attention wants it.
    [decoder.headDim % 8 === 0, 'head dimension'],
    [embeddings.columns === decoder.hiddenSize, 'embedding columns'],
    [embeddings.rows === decoder.vocabularySize, 'embedding rows'],
    [files[embeddings.file]?.bytes === embeddings.rows * rowBytes(manifest), 'embedding file'],
    [hasItsHeadRows(manifest), 'head rows'],
    [ids.every((id) => id === null || id < decoder.vocabularySize), 'token ids'],
    [hasItsFiles(manifest), 'files'],
    [hasItsPrecision(manifest), 'precision'],
    ...(vision ? visionPromises(vision) : []),
  ];
  const broken = promises.find(([holds]) => !holds);
  if (broken) throw invalidModel(`the manifest contradicts itself about its ${broken[1]}`);
}

function visionPromises(vision: VisionManifest): Promises {
  const { tileSize, imageGridPinpoints } = vision.imageProcessor;
  return [
    [vision.patchesPerSide === Math.floor(vision.imageSize / vision.patchSize), 'patches'],
    [tileSize.width === vision.imageSize && tileSize.height === vision.imageSize, 'tile size'],
    [
      imageGridPinpoints.every(
        ({ width, height }) => width % tileSize.width === 0 && height % tileSize.height === 0,
      ),
      'pinpoints',
    ],
  ];
}

/** Rows of bytes, as many as the head has; those of the table of embeddings do where the two are one. */
function hasItsHeadRows({ decoder, embeddings, files }: ManifestContent): boolean {
  if (decoder.headRows === null) return true;
  if (decoder.headRows === embeddings.file) return embeddings.dtype === 'int8';
  return files[decoder.headRows]?.bytes === decoder.vocabularySize * (decoder.hiddenSize + 4);
}

function rowBytes({ embeddings: { dtype, columns } }: ManifestContent): number {
  return dtype === 'float32' ? columns * 4 : columns + 4;
}

/** All that such a model needs, and nothing that it has no use for; a chat template is its own choice. */
function hasItsFiles({ vision, decoder, files }: ManifestContent): boolean {
  const { chatTemplate, headRows, prefill, prefillWeights, imageNewline } = PACKAGE_FILES;
  const ofVision: string[] = [PACKAGE_FILES.vision, PACKAGE_FILES.visionWeights, imageNewline];
  const ofPrefill: string[] = [prefill, prefillWeights];
  const listed = Object.values(PACKAGE_FILES).every((name) => {
    if (name === chatTemplate) return true;
    const unused =
      (vision === null && ofVision.includes(name)) ||
      (decoder.headRows !== headRows && name === headRows) ||
      (decoder.prefill === null && ofPrefill.includes(name));
    return Object.hasOwn(files, name) !== unused;
  });
  return listed && (!vision || files[imageNewline]?.bytes === decoder.hiddenSize * 4);
}

function hasItsPrecision({ precision, vision, decoder, embeddings }: ManifestContent): boolean {
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
