import { chooseCacheBytes } from './memory-budget.js';

const manifest = { files: { 'decoder.onnx.data': { bytes: 2e9, sha256: '' } } };

it.each([
  ['a quarter of what the weights leave', 4e9, 5e8],
  ['two gigabytes at most', 64e9, 2e9],
  ['nothing where nothing is left', 1e9, 0],
])('takes %s', (_, freeBytes, expected) => {
  expect(chooseCacheBytes(manifest, freeBytes)).toBe(expected);
});
