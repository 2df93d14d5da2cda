import { createHash } from 'node:crypto';

import { tinyManifest, tinyPackageFiles } from '../../../test/tiny-model/tiny-package.js';
import { parseManifestJson, sealManifest, serializeManifest } from './manifest-json.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

const FILES = Object.fromEntries(
  Object.entries(tinyPackageFiles())
    .map(([name, { length }]) => [name, { bytes: length, sha256: 'a'.repeat(64) }] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);
const MANIFEST = sealManifest({ ...tinyManifest(), files: FILES });
const TEXT = serializeManifest(MANIFEST);

const parse = (text: string) => parseManifestJson(Buffer.from(text));

describe('sealManifest', () => {
  it('hashes everything but the digest', () => {
    const content = JSON.stringify({ ...tinyManifest(), files: FILES });

    expect(MANIFEST.digest).toBe(createHash('sha256').update(content).digest('hex'));
  });

  it('does not depend on the order of fields', () => {
    const reversed = Object.fromEntries(
      Object.entries({ ...tinyManifest(), files: FILES }).reverse(),
    );

    expect(sealManifest(reversed)).toEqual(MANIFEST);
  });
});

describe('parseManifestJson', () => {
  it('parses a serialized manifest', () => {
    expect(parse(TEXT)).toEqual(MANIFEST);
  });

  it('rejects a change to any byte', () => {
    const bytes = Buffer.from(TEXT);
    const accepted = Array.from(bytes.keys()).filter((position) => {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(position) ^ 1, position);
      return isAccepted(changed);
    });

    expect(accepted).toEqual([]);
    expect(isAccepted(bytes)).toBe(true);
  });

  it.each([
    ['without its last line end', TEXT.trimEnd()],
    ['with a line more', `${TEXT}\n`],
    ['without spaces', JSON.stringify(MANIFEST)],
    ['with an unknown field', serializeManifest({ ...MANIFEST, ...{ extra: 1 } })],
    ['with a field twice', TEXT.replace('"precision": "fp32",', '$&\n  "precision": "fp32",')],
    ['with an escape', TEXT.replace('"tiny"', String.raw`"\u0074iny"`)],
    ['with another way to write a number', TEXT.replace('"bos": null', '"bos": 1e0')],
    ['with fields in another order', reorder(TEXT)],
    ['of another digest', TEXT.replace(MANIFEST.digest, '0'.repeat(64))],
    ['with a byte order mark', `\ufeff${TEXT}`],
  ])('rejects a manifest %s', (_, text) => {
    expect(text).not.toBe(TEXT);
    expect(() => parse(text)).toThrow(INVALID);
  });
});

function reorder(text: string): string {
  const json = JSON.parse(text) as object;
  return `${JSON.stringify(Object.fromEntries(Object.entries(json).reverse()), null, 2)}\n`;
}

function isAccepted(bytes: Uint8Array): boolean {
  try {
    parseManifestJson(bytes);
    return true;
  } catch (error) {
    expect(error).toEqual(INVALID);
    return false;
  }
}
