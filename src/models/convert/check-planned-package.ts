import { checkTokenizer } from '../package/check-tokenizer.js';
import { type ManifestContent, PACKAGE_FILES } from '../package/manifest.js';
import { sealManifest } from '../package/manifest-text.js';
import { packageId } from './package-id.js';

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
