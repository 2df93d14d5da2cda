import { changeManifest, type Json, manifestJson } from '../../../test/tiny-model/manifest-json.js';
import { parseManifest } from './parse-manifest.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

const BLOCKS = {
  ...{ kind: 'blocks', bits: 4, blockSize: 32 },
  ...{ zeroPoints: 'middle', accuracyLevel: 4 },
};

describe('parseManifest', () => {
  it('returns the validated manifest', () => {
    expect(parseManifest(manifestJson())).toEqual(manifestJson());
  });

  it('drops unknown fields', () => {
    expect(parseManifest({ ...manifestJson(), extra: 1 })).toEqual(manifestJson());
  });

  it('parses the generation settings and the source', () => {
    const generation = {
      ...{ doSample: true, temperature: 0.6, topK: 5, topP: 0.9, minP: 0.1 },
      ...{ repetitionPenalty: 1.2, minNewTokens: 1, noRepeatNgramSize: 3 },
      ...{ suppressTokens: [1], beginSuppressTokens: [2], badWords: [[1, 2]], stopStrings: ['.'] },
    };
    const hub = { repository: 'BSC-LT/salamandra-2b', commit: '0123456789'.repeat(4) };

    expect(parseManifest(changeManifest('generation', generation)).generation).toEqual(generation);
    expect(parseManifest(changeManifest('source.hub', hub)).source.hub).toEqual(hub);
  });

  it('parses languages, and refuses what is no tag', () => {
    const parse = (languages: unknown) =>
      parseManifest(changeManifest('languages', languages)).languages;

    expect(parse(['ca', 'pt-pt', 'zh'])).toEqual(['ca', 'pt-pt', 'zh']);
    expect(parse(null)).toBeNull();
    for (const wrong of [[], ['CA'], ['catalan'], [''], ['en\n'], [7], 'en', {}]) {
      expect(() => parse(wrong)).toThrow(INVALID);
    }
  });

  it.each([
    { type: 'linear', factor: 2 },
    {
      type: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositions: 8192,
    },
    {
      type: 'yarn',
      factor: 4,
      originalMaxPositions: 4096,
      attentionFactor: 1.1386,
      betaFast: 32,
      betaSlow: 1,
      truncate: true,
    },
    { type: 'longrope', factors: [1, 1.5, 2, 4], attentionFactor: 1.19 },
  ])('reads a rope scaling of type $type, and refuses half of one', (scaling) => {
    expect(
      parseManifest(changeManifest('decoder.ropeScaling', scaling)).decoder.ropeScaling,
    ).toEqual(scaling);
    for (const field of Object.keys(scaling)) {
      const half = { ...scaling, [field]: undefined };
      expect(() => parseManifest(changeManifest('decoder.ropeScaling', half))).toThrow(INVALID);
    }
  });

  it('parses a model without a vision encoder', () => {
    const files = Object.entries(manifestJson()['files'] as Json);
    const ofText = files.filter(([name]) => !/^(?:vision|image)/.test(name));
    const withoutTemplate = ofText.filter(([name]) => name !== 'chat_template.jinja');
    const text = { ...manifestJson(), vision: null, files: Object.fromEntries(ofText) };

    expect(parseManifest(text)).toEqual(text);
    expect(
      parseManifest({ ...text, files: Object.fromEntries(withoutTemplate) }).vision,
    ).toBeNull();
    expect(() => parseManifest({ ...text, files: Object.fromEntries(files) })).toThrow(INVALID);
  });

  it.each([1, 2, 3, 4])('explains what to do with a package of format %i', (version) => {
    expect(() => parseManifest(changeManifest('formatVersion', version))).toThrow(
      'is not supported any more',
    );
  });

  it('returns fields and files in a fixed order', () => {
    const reversed = Object.fromEntries(Object.entries(manifestJson()).reverse());
    const files = Object.fromEntries(Object.entries(manifestJson()['files'] as Json).reverse());

    expect(JSON.stringify(parseManifest({ ...reversed, files }))).toBe(
      JSON.stringify(manifestJson()),
    );
  });

  it.each([[null], [[]], ['{}'], [7]])('rejects %j', (json) => {
    expect(() => parseManifest(json)).toThrow(INVALID);
  });

  it.each(Object.keys(manifestJson()))('rejects a manifest without %s', (field) => {
    expect(() => parseManifest(changeManifest(field, undefined))).toThrow(INVALID);
  });

  it.each<[string, unknown]>([
    ['formatVersion', 6],
    ['id', '../x'],
    ['id', 'a..b'],
    ['id', 'A'],
    ['id', ''],
    ['source.revision', 'A'.repeat(64)],
    ['source.licence', ''],
    ['source.name', 'x'.repeat(257)],
    ['source.name', 'x\u001b[2J'],
    ['source.name', 'x\u202e'],
    ['source.hub', undefined],
    ['source.hub', { repository: 'BSC-LT', commit: '0'.repeat(40) }],
    ['source.hub', { repository: 'a/../b', commit: '0'.repeat(40) }],
    ['source.hub', { repository: 'a/b', commit: 'main' }],
    ['precision', 'fp16'],
    ['vision', undefined],
    ['vision.encoding', { kind: 'float16' }],
    ['vision.encoding', { kind: 'int8-rows' }],
    ['vision.imageSize', 0],
    ['vision.imageSize', 1e6],
    ['vision.imageSize', '7'],
    ['vision.patchesPerSide', 3],
    ['decoder.layers', 1.5],
    ['decoder.layers', 1e9],
    ['decoder.keyValueHeads', 3],
    ['decoder.headDim', 12],
    ['decoder.ropeTheta', null],
    ['decoder.ropeScaling', undefined],
    ['decoder.ropeScaling', { type: 'dynamic', factor: 2 }],
    ['decoder.ropeScaling', { type: 'longrope', factors: [1, 2], attentionFactor: 1 }],
    ['decoder.logitSoftcap', undefined],
    ['decoder.logitSoftcap', 0],
    ['embeddings.scale', undefined],
    ['embeddings.scale', 0],
    ['decoder.intermediateSize', 1e7],
    ['decoder.maxPositions', 1e7],
    ['decoder.head', null],
    ['decoder.head', { ...BLOCKS, bits: 2 }],
    ['decoder.head', { ...BLOCKS, blockSize: 33 }],
    ['decoder.head', { ...BLOCKS, zeroPoints: undefined }],
    ['decoder.head', { ...BLOCKS, zeroPoints: 'none' }],
    ['decoder.head', { ...BLOCKS, accuracyLevel: 5 }],
    ['decoder.headRows', undefined],
    ['decoder.headRows', 'head-rows.bin'],
    ['decoder.headRows', 'token-embeddings.bin'],
    ['decoder.headRows', '../head-rows.bin'],
    ['decoder.headRows', 'decoder.onnx.data'],
    ['decoder.cache', undefined],
    ['decoder.cache', 'int4-rows'],
    ['decoder.cache', 'int8-rows'],
    ['decoder.cache', null],
    ['decoder.prefill', undefined],
    ['decoder.prefill', { kind: 'float32' }],
    ['tokens.eos', 2],
    ['vision.tokens.image', null],
    ['vision.tokens.image', 4],
    ['tokens.bos', -1],
    ['embeddings.dtype', 'float64'],
    ['embeddings.rows', 5],
    ['embeddings.columns', 3],
    ['embeddings.file', 'vision.onnx'],
    ['embeddings.file', '../token-embeddings.bin'],
    ['vision.imageProcessor.tileSize.width', 8],
    ['vision.imageProcessor.mean', [0.5, 0.5]],
    ['vision.imageProcessor.std', [0.5, 0.5, 0]],
    ['vision.imageProcessor.resample', 'nearest'],
    ['vision.videoProcessor.tileSize.height', 8],
    ['vision.videoProcessor.std', [0.5, 0.5]],
    ['vision.videoProcessor', null],
    ['vision.tokens.video', null],
    ['vision.layout.kind', 'tiles'],
    ['vision.layout.imageGridPinpoints', []],
    ['vision.layout.imageGridPinpoints', [{ width: 8, height: 7 }]],
    ['vision.layout.maxTilesCap', 0],
    ['vision.layout.severalImagesColor', [0, 0, 256]],
    ['vision.layout.severalImagesColor', [0, 0, 0.5]],
    ['vision.sequenceLength', 6],
    ['vision.sequenceLength', 3],
    ['vision.featuresPerTile', 3],
    ['generation.topP', 1.5],
    ['generation.doSample', 'yes'],
    ['generation.topK', undefined],
    ['generation.minP', 2],
    ['generation.suppressTokens', [-1]],
    ['generation.badWords', [[]]],
    ['generation.stopStrings', ['']],
  ])('rejects %s = %j', (path, value) => {
    const json = changeManifest(path, value);

    expect(() => parseManifest(json)).toThrow(INVALID);
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
    'run.sh',
    'prefill.onnx',
  ])('rejects the file name %s', (name) => {
    expect(() => parseManifest(withFile(name))).toThrow(INVALID);
  });

  it.each([
    ['a negative length', { bytes: -1, sha256: 'a'.repeat(64) }],
    ['a hash that is too short', { bytes: 2, sha256: 'a'.repeat(63) }],
    ['no hash', { bytes: 2 }],
    ['more than memory should hold', { bytes: 80 * 2 ** 20 + 1, sha256: 'a'.repeat(64) }],
  ])('rejects a file with %s', (_, record) => {
    const files = { ...(manifestJson()['files'] as Json), 'tokenizer.json': record };

    expect(() => parseManifest({ ...manifestJson(), files })).toThrow(INVALID);
  });
});

/** The manifest with one more file, parsed from JSON, where `__proto__` is an ordinary key. */
function withFile(name: string): unknown {
  const json = manifestJson();
  const files = JSON.stringify(json['files']).slice(0, -1);
  const record = JSON.stringify({ bytes: 1, sha256: 'a'.repeat(64) });
  return { ...json, files: JSON.parse(`${files},${JSON.stringify(name)}:${record}}`) as unknown };
}
