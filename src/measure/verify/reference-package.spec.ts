import { tinyManifest } from '../../../test/tiny-model/tiny-package.js';
import { type ModelManifest, PACKAGE_FILES } from '../../models/package/manifest.js';
import { incompatibilityOf } from './reference-package.js';

const hashed = (digit: string) => ({ bytes: 1, sha256: digit.repeat(64) });
const manifest: ModelManifest = {
  ...tinyManifest(),
  files: { [PACKAGE_FILES.tokenizer]: hashed('a'), [PACKAGE_FILES.head]: hashed('b') },
  digest: '',
};

describe('incompatibilityOf', () => {
  it('is null for two precisions of one model', () => {
    const files = { ...manifest.files, [PACKAGE_FILES.head]: hashed('c') };

    expect(incompatibilityOf(manifest, { ...manifest, precision: 'int4', files })).toBeNull();
  });

  it.each<[string, Partial<ModelManifest>, RegExp]>([
    ['another tokenizer', { files: { [PACKAGE_FILES.tokenizer]: hashed('d') } }, /tokenizer/],
    ['no tokenizer', { files: {} }, /tokenizer/],
    [
      'a vocabulary of another size',
      { decoder: { ...manifest.decoder, vocabularySize: 5 } },
      /vocabularies/,
    ],
    ['no vision encoder', { vision: null }, /vision encoder/],
  ])('names the difference from a package with %s', (_, change, reason) => {
    expect(incompatibilityOf(manifest, { ...manifest, ...change })).toMatch(reason);
    expect(incompatibilityOf({ ...manifest, ...change }, manifest)).toMatch(reason);
  });
});
