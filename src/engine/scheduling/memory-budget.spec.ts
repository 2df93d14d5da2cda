import { chooseCacheBytes } from './memory-budget.js';

const manifest = { files: { 'decoder.onnx.data': { bytes: 2e9, sha256: '' } } };

describe('chooseCacheBytes', () => {
  it.each([
    ['a quarter of the memory that the weights leave free', 4e9, 5e8],
    ['2 GB at most', 64e9, 2e9],
    ['0 bytes if the weights exceed the free memory', 1e9, 0],
  ])('returns %s', (_, freeBytes, expected) => {
    expect(chooseCacheBytes(manifest, freeBytes)).toBe(expected);
  });
});
