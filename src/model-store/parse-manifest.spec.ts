import { tinyManifest, tinyPackageFiles } from '../../test/tiny-package.js';
import { parseManifest } from './parse-manifest.js';

type Json = Record<string, unknown>;

function manifest(): Json {
  const files = Object.fromEntries(
    Object.entries(tinyPackageFiles()).map(([name, { length: bytes }]) => [
      name,
      { bytes, sha256: 'a'.repeat(64) },
    ]),
  );
  return { ...tinyManifest(), files };
}

/** The manifest with the value at a dotted path replaced; undefined leaves it out. */
function change(path: string, value: unknown): Json {
  const root = structuredClone(manifest());
  const names = path.split('.');
  const last = names.pop()!;
  const parent = names.reduce<Json>((json, name) => json[name] as Json, root);
  parent[last] = value;
  return root;
}

describe('parseManifest', () => {
  it('gives back what it checked', () => {
    expect(parseManifest(manifest())).toEqual(manifest());
  });

  it('drops what it does not know', () => {
    expect(parseManifest({ ...manifest(), extra: 1 })).toEqual(manifest());
  });

  it('reads the optional parts', () => {
    const generation = { temperature: 0, topP: 1, topK: 5, repetitionPenalty: 1, doSample: false };
    const ropeScaling = { type: 'linear', factor: 2 };

    expect(parseManifest(change('generation', generation)).generation).toEqual(generation);
    expect(parseManifest(change('decoder.ropeScaling', ropeScaling)).decoder.ropeScaling).toEqual(
      ropeScaling,
    );
  });

  it.each([[null], [[]], ['{}'], [7]])('refuses %j', (json) => {
    expect(() => parseManifest(json)).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });

  it.each(Object.keys(manifest()))('refuses a manifest without %s', (field) => {
    expect(() => parseManifest(change(field, undefined))).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });

  it.each<[string, unknown]>([
    ['formatVersion', 2],
    ['id', '../x'],
    ['id', 'a..b'],
    ['id', 'A'],
    ['id', ''],
    ['source.revision', 'A'.repeat(64)],
    ['source.licence', ''],
    ['source.name', 'x'.repeat(257)],
    ['precision', 'fp16'],
    ['vision.imageSize', 0],
    ['vision.imageSize', '7'],
    ['vision.patchesPerSide', 3],
    ['decoder.layers', 1.5],
    ['decoder.layers', 1e9],
    ['decoder.keyValueHeads', 3],
    ['decoder.headDim', 3],
    ['decoder.ropeTheta', null],
    ['decoder.ropeScaling', undefined],
    ['decoder.ropeScaling', { type: 'yarn', factor: 2 }],
    ['tokens.eos', []],
    ['tokens.eos', 2],
    ['tokens.image', null],
    ['tokens.image', 4],
    ['tokens.bos', -1],
    ['embeddings.dtype', 'float64'],
    ['embeddings.rows', 5],
    ['embeddings.columns', 3],
    ['embeddings.file', 'vision.onnx'],
    ['embeddings.file', '../token-embeddings.bin'],
    ['imageProcessor.tileSize.width', 8],
    ['imageProcessor.mean', [0.5, 0.5]],
    ['imageProcessor.std', [0.5, 0.5, 0]],
    ['imageProcessor.imageGridPinpoints', []],
    ['imageProcessor.imageGridPinpoints', [{ width: 8, height: 7 }]],
    ['imageProcessor.maxTilesCap', 0],
    ['generation.topP', 1.5],
    ['generation.doSample', 'yes'],
  ])('refuses %s = %j', (path, value) => {
    const json = change(path, value);

    expect(() => parseManifest(json)).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });

  it.each([
    'a/b',
    'a\\b',
    '..',
    '.hidden',
    '/etc/passwd',
    'c:x',
    'manifest.json',
    '__proto__',
    'é',
  ])('refuses the file name %s', (name) => {
    expect(() => parseManifest(withFile(name))).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });

  it.each([
    ['a negative length', { bytes: -1, sha256: 'a'.repeat(64) }],
    ['a hash that is too short', { bytes: 2, sha256: 'a'.repeat(63) }],
    ['no hash', { bytes: 2 }],
  ])('refuses a file with %s', (_, record) => {
    const files = { ...(manifest()['files'] as Json), 'tokenizer.json': record };

    expect(() => parseManifest({ ...manifest(), files })).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });
});

/** The manifest with one more file, as JSON would bring it: `__proto__` is a name like any other. */
function withFile(name: string): unknown {
  const json = manifest();
  const files = JSON.stringify(json['files']).slice(0, -1);
  const record = JSON.stringify({ bytes: 1, sha256: 'a'.repeat(64) });
  return { ...json, files: JSON.parse(`${files},${JSON.stringify(name)}:${record}}`) as unknown };
}
