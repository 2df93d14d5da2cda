import { BUNDLED_MODEL, installModel } from '../../models/install/install-model.js';
import { packageDirectory } from '../../models/package/home-folders.js';
import { type ModelManifest, PACKAGE_FILES } from '../../models/package/manifest.js';
import { inspectPackage } from '../../models/package/model-package.js';
import { projectWeights } from '../doctor/project-weights.js';

/** The package that others are compared with, or why there is none. */
export type Reference =
  | { readonly kind: 'found'; readonly directory: string; readonly manifest: ModelManifest }
  /** `reason` is a sentence for a person. */
  | { readonly kind: 'none'; readonly reason: string };

export interface ReferenceSearch {
  readonly home: string;
  /** What was named on the command line. */
  readonly model: string;
  readonly manifest: ModelManifest;
  /** Bytes that a model may take on this machine. */
  readonly usableBytes: number;
}

/**
 * The fp32 package of the same checkpoint, in the home folder; that of the bundled model is made when it is missing.
 *
 * @throws what converting the bundled model throws.
 */
export async function findReference(
  { home, model, manifest, usableBytes }: ReferenceSearch,
  onProgress: (step: string) => void,
): Promise<Reference> {
  if (model === BUNDLED_MODEL) {
    const choice = { home, model, precision: 'fp32' as const };
    const directory = await installModel(choice, ({ stage }) => onProgress(`converting ${stage}`));
    return { kind: 'found', directory, manifest: await inspectPackage(directory) };
  }
  const { id, source } = manifest;
  const directory = packageDirectory(home, id, 'fp32');
  const found = await inspectPackage(directory).catch(() => null);
  if (!found) {
    const remedy = source.hub
      ? `; "salamandra pull ${source.hub.repository} --revision ${source.hub.commit} --precision fp32" makes it`
      : '; convert its checkpoint with --precision fp32, and name that with --reference';
    return none(`There is no fp32 package of this model in the home folder${remedy}.`);
  }
  if (found.source.revision !== source.revision) {
    return none('The fp32 package in the home folder was made from another checkpoint.');
  }
  if (projectWeights(found, 'fp32') > usableBytes) {
    return none(
      'The fp32 package takes more memory than this machine has. Compare on a larger one, or with a smaller package by --reference.',
    );
  }
  return { kind: 'found', directory, manifest: found };
}

/** Why two packages cannot be compared token by token; null where they can. */
export function findIncomparability(reference: ModelManifest, other: ModelManifest): string | null {
  const hash = ({ files }: ModelManifest) => files[PACKAGE_FILES.tokenizer]?.sha256;
  if (hash(reference) !== hash(other)) return 'The two packages have different tokenizers.';
  if (reference.decoder.vocabularySize !== other.decoder.vocabularySize) {
    return 'The two packages have vocabularies of different sizes.';
  }
  if ((reference.vision === null) !== (other.vision === null)) {
    return 'Only one of the two packages reads pictures.';
  }
  return null;
}

function none(reason: string): Reference {
  return { kind: 'none', reason };
}
