import { projectWeights } from '../doctor/model-bytes.js';
import { BUNDLED_MODEL, installModel } from '../../models/install/install-model.js';
import { packageDirectory } from '../../models/package/home-folders.js';
import { type ModelManifest, PACKAGE_FILES } from '../../models/package/manifest.js';
import { inspectPackage } from '../../models/package/model-package.js';

/** The package that others are compared with, or the reason why there is none. */
export type Reference =
  | { readonly kind: 'found'; readonly directory: string; readonly manifest: ModelManifest }
  /** `reason` is a full sentence for the user. */
  | { readonly kind: 'none'; readonly reason: string };

export interface ReferenceSearch {
  readonly home: string;
  /** The model as named on the command line. */
  readonly model: string;
  readonly manifest: ModelManifest;
  /** Memory that a model may take on this machine, in bytes. */
  readonly usableBytes: number;
}

/**
 * Finds the fp32 package of the same checkpoint in the home folder. For the demo model, converts it if it is missing.
 *
 * @throws the errors of `installModel`, for the demo model only.
 */
export async function findReferencePackage(
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
      ? `npx salamandra pull ${source.hub.repository} --revision ${source.hub.commit} --precision fp32`
      : 'npx salamandra convert CHECKPOINT --precision fp32 --out FOLDER, and pass --reference FOLDER';
    return none(`There is no fp32 package of this model in ${home}. To create it: ${remedy}`);
  }
  if (found.source.revision !== source.revision) {
    return none(
      'The fp32 package in the home folder was converted from another checkpoint (revision).',
    );
  }
  if (projectWeights(found, 'fp32') > usableBytes) {
    return none(
      'The fp32 package needs more memory than this machine has. Use a larger machine, or pass a smaller package with --reference.',
    );
  }
  return { kind: 'found', directory, manifest: found };
}

/** The reason why two packages cannot be compared token by token; null if they can. */
export function incompatibilityOf(reference: ModelManifest, other: ModelManifest): string | null {
  const hash = ({ files }: ModelManifest) => files[PACKAGE_FILES.tokenizer]?.sha256;
  if (hash(reference) !== hash(other))
    return 'The two packages have different tokenizers. Compare packages of one model.';
  if (reference.decoder.vocabularySize !== other.decoder.vocabularySize) {
    return 'The two packages have vocabularies of different sizes. Compare packages of one model.';
  }
  if ((reference.vision === null) !== (other.vision === null)) {
    return 'Only one of the two packages has a vision encoder. Compare packages of one model.';
  }
  return null;
}

function none(reason: string): Reference {
  return { kind: 'none', reason };
}
