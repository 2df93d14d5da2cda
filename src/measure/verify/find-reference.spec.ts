import { tinyManifest } from '../../../test/tiny-model/tiny-package.js';
import { type ModelManifest, PACKAGE_FILES } from '../../models/package/manifest.js';
import { findIncomparability } from './find-reference.js';

const hashed = (digit: string) => ({ bytes: 1, sha256: digit.repeat(64) });
const manifest: ModelManifest = {
  ...tinyManifest(),
  files: { [PACKAGE_FILES.tokenizer]: hashed('a'), [PACKAGE_FILES.head]: hashed('b') },
  digest: '',
};

describe('findIncomparability', () => {
  it('finds none between two precisions of one model', () => {
    const files = { ...manifest.files, [PACKAGE_FILES.head]: hashed('c') };

    expect(findIncomparability(manifest, { ...manifest, precision: 'int4', files })).toBeNull();
  });

  it.each<[string, Partial<ModelManifest>, RegExp]>([
    ['another tokenizer', { files: { [PACKAGE_FILES.tokenizer]: hashed('d') } }, /tokenizer/],
    ['no tokenizer', { files: {} }, /tokenizer/],
    [
      'a vocabulary of another size',
      { decoder: { ...manifest.decoder, vocabularySize: 5 } },
      /vocabular/,
    ],
    ['no vision encoder', { vision: null }, /picture|image|vision/],
  ])('names the difference from a package with %s', (_, change, reason) => {
    expect(findIncomparability(manifest, { ...manifest, ...change })).toMatch(reason);
    expect(findIncomparability({ ...manifest, ...change }, manifest)).toMatch(reason);
  });
});
