import { findKnownModel, type ModelShape } from '../../models/package/known-models.js';
import { stepBytes } from './model-bytes.js';
import { type ProbeSpeed, projectSpeed } from './project-speed.js';
import { predictMs, type SpeedModel } from './speed-model.js';

const SHAPE: ModelShape = {
  decoder: {
    ...{ hiddenSize: 512, layers: 2, attentionHeads: 8, keyValueHeads: 4, headDim: 64 },
    ...{ intermediateSize: 1024, vocabularySize: 4096, outputHead: 'own', maxPositions: 2048 },
  },
  vision: {
    ...{ hiddenSize: 256, intermediateSize: 1024, layers: 2, patches: 100 },
    photograph: { tiles: 5, visualTokens: 400 },
  },
};
const speed = (factor: number): SpeedModel => ({
  vision: {
    tiling: { fixed: 1, linear: 2, square: 0 },
    encoding: { fixed: 1, linear: 10, square: 0 },
  },
  prefill: { fixed: 3 * factor, linear: 2 * factor, square: 0.001 * factor },
  step: { fixed: 5 * factor, linear: 0.002 * factor, square: 0 },
  extraSequenceShare: 0.3,
});
const PROBE: ProbeSpeed = { shape: SHAPE, speeds: { int4: speed(1), int8: speed(10) } };

const withDecoder = (changes: Partial<ModelShape['decoder']>): ModelShape => ({
  ...SHAPE,
  decoder: { ...SHAPE.decoder, ...changes },
});

describe('projectSpeed', () => {
  it('is the measured speed for the shape of the probe', () => {
    expect(projectSpeed(PROBE, SHAPE, 'int4')).toEqual(speed(1));
    expect(projectSpeed(PROBE, SHAPE, 'int8')).toEqual(speed(10));
  });

  it('takes decode steps from the 4-bit and prefill from the 8-bit layers for mixed', () => {
    const { prefill, step } = projectSpeed(PROBE, SHAPE, 'mixed');

    expect(prefill).toEqual(speed(10).prefill);
    expect(step).toEqual(speed(1).step);
  });

  it('scales everything with the layers, except the output head in a step', () => {
    const deeper = withDecoder({ layers: 20 });
    const { prefill, step } = projectSpeed(PROBE, deeper, 'int4');
    const bytes = stepBytes(deeper, 'int4') / stepBytes(SHAPE, 'int4');

    expect(prefill).toEqual({ fixed: 30, linear: 20, square: 0.01 });
    expect(step).toEqual({ fixed: 5 * bytes, linear: 0.02, square: 0 });
    expect(bytes).toBeLessThan(10);
  });

  it('scales a step with the vocabulary, and prefill not', () => {
    const { prefill, step } = projectSpeed(PROBE, withDecoder({ vocabularySize: 262_144 }), 'int4');

    expect(prefill).toEqual(speed(1).prefill);
    expect(step.fixed).toBeGreaterThan(5 * 5);
  });

  it('scales the vision encoder by its multiply-adds', () => {
    const vision = { ...SHAPE.vision!, layers: 4, patches: 200 };
    const { vision: projected } = projectSpeed(PROBE, { ...SHAPE, vision }, 'int8');

    expect(projected?.tiling).toEqual(speed(1).vision?.tiling);
    expect(projected?.encoding.fixed).toBe(2);
    // Twice the layers and patches, and attention to twice as many patches.
    expect(projected?.encoding.linear).toBeGreaterThan(3 * 10);
    expect(projected?.encoding.linear).toBeLessThan(5 * 10);
  });

  it('projects no vision encoder for a text-only model', () => {
    expect(projectSpeed(PROBE, { ...SHAPE, vision: null }, 'int4').vision).toBeNull();
  });

  it('orders published models by their work', () => {
    const stepMs = ['llava-onevision-0.5b', 'eurovlm-1.7b', '7b', 'eurovlm-9b', '40b'].map((name) =>
      predictMs(projectSpeed(PROBE, findKnownModel(name)!.shape, 'int4').step, 256),
    );
    expect(stepMs).toEqual([...stepMs].sort((a, b) => a - b));
  });
});
