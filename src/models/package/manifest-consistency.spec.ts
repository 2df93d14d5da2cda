import {
  changeManifest,
  type Json,
  manifestJson,
  sortByName,
} from '../../../test/tiny-model/manifest-json.js';
import { parseManifest } from './parse-manifest.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

describe('checkConsistency', () => {
  it('accepts all precisions', () => {
    const rows = { kind: 'int8-rows' };
    const blocks = {
      ...{ kind: 'blocks', bits: 4, blockSize: 32 },
      ...{ zeroPoints: 'middle', accuracyLevel: 4 },
    };
    const head = blocks;
    const headRows = 'head-rows.bin';
    const cache = 'int8-rows';
    const embeddings = { ...(manifestJson()['embeddings'] as Json), dtype: 'int8' };
    const files = {
      ...(manifestJson()['files'] as Json),
      // Four rows of two bytes and a scale.
      'token-embeddings.bin': { bytes: 24, sha256: 'a'.repeat(64) },
      'head-rows.bin': { bytes: 24, sha256: 'a'.repeat(64) },
    };
    const prefillFiles = {
      ...files,
      'prefill.onnx': { bytes: 1, sha256: 'a'.repeat(64) },
      'prefill.onnx.data': { bytes: 1, sha256: 'a'.repeat(64) },
    };
    const quantised = (precision: string, decoder: Json, all: Json = files) => {
      const vision = { ...(manifestJson()['vision'] as Json), encoding: rows };
      const common = { head, headRows, cache };
      const merged = { ...(manifestJson()['decoder'] as Json), ...common, ...decoder };
      return {
        ...manifestJson(),
        precision,
        vision,
        decoder: merged,
        embeddings,
        files: sortByName(all),
      };
    };
    const manifests = [
      quantised('int8', { encoding: rows }),
      quantised('int4', { encoding: blocks }),
      quantised('mixed', { encoding: blocks, prefill: rows }, prefillFiles),
    ];
    const withoutRows = Object.fromEntries(
      Object.entries(files).filter(([name]) => name !== headRows),
    );
    const tied = quantised(
      'int8',
      { encoding: rows, headRows: 'token-embeddings.bin' },
      withoutRows,
    );

    for (const json of [...manifests, tied]) expect(parseManifest(json)).toEqual(json);
    for (const json of manifests) {
      expect(() => parseManifest({ ...json, precision: 'fp32' })).toThrow(INVALID);
    }
    expect(() => parseManifest({ ...manifests[0], precision: 'int4' })).toThrow(INVALID);
    expect(() => parseManifest({ ...manifests[1], precision: 'mixed' })).toThrow(INVALID);
    expect(() => parseManifest({ ...manifests[2], precision: 'int4' })).toThrow(INVALID);
    expect(() => parseManifest({ ...manifests[2], files: sortByName(files) })).toThrow(INVALID);
    expect(() => parseManifest({ ...manifests[1], files: sortByName(prefillFiles) })).toThrow(
      INVALID,
    );
  });

  it.each<[string, Json, number | null]>([
    ['one row too few', { headRows: 'head-rows.bin' }, 18],
    ['rows that nobody reads', { headRows: null }, 24],
    ['rows twice', { headRows: 'token-embeddings.bin' }, 24],
    ['no rows', { headRows: 'head-rows.bin' }, null],
  ])('rejects a head with %s', (_, decoder, bytes) => {
    const json = changeManifest('embeddings.dtype', 'int8');
    const record = (size: number) => ({ bytes: size, sha256: 'a'.repeat(64) });
    const withRows = (size: number | null) => ({
      ...json,
      precision: 'int8',
      decoder: { ...(json['decoder'] as Json), encoding: { kind: 'int8-rows' }, ...decoder },
      files: sortByName({
        ...(json['files'] as Json),
        'token-embeddings.bin': record(24),
        ...(size !== null && { 'head-rows.bin': record(size) }),
      }),
    });

    expect(() => parseManifest(withRows(bytes))).toThrow(INVALID);
    const sound = decoder['headRows'] === 'head-rows.bin' ? 24 : null;
    expect(() => parseManifest(withRows(sound))).not.toThrow();
  });
});
