import type { ModelManifest } from '../../models/package/manifest.js';
import { projectCosts, projectWeights } from './model-bytes.js';

/** 10 layers of 64 x 64 x 4 + 3 x 64 x 128 weights, and a head of 1,000 x 64. */
const MANIFEST = {
  vision: null,
  decoder: {
    ...{ hiddenSize: 64, layers: 10, attentionHeads: 4, keyValueHeads: 4, headDim: 16 },
    ...{ intermediateSize: 128, vocabularySize: 1_000 },
  },
  files: {},
} as unknown as ModelManifest;
const LAYERS = 10 * 40_960;
const HEAD = 64_000;

it('projects the weights to each precision', () => {
  const fourBits = 0.5 + 4 / 32;

  expect(projectWeights(MANIFEST, 'fp32')).toBe(4 * (LAYERS + HEAD));
  expect(projectWeights(MANIFEST, 'int8')).toBe(LAYERS + fourBits * HEAD);
  expect(projectWeights(MANIFEST, 'int4')).toBe(fourBits * (LAYERS + HEAD));
  expect(projectWeights(MANIFEST, 'mixed')).toBe(LAYERS + fourBits * (LAYERS + HEAD));
});

it('projects the KV cache as int8 with scales, and as float32 for fp32', () => {
  expect(projectCosts(MANIFEST, 'fp32').cacheBytesPerToken).toBe(10 * 4 * 2 * 16 * 4);
  expect(projectCosts(MANIFEST, 'int4').cacheBytesPerToken).toBe(
    10 * 4 * 2 * (16 + 4) + 10 * 4 * 4,
  );
});
