import { createSyntheticCheckpoint, readAll } from './synthetic-checkpoint.js';
import { listTensors, SHAPES, withLayers } from './synthetic-shapes.js';
import { phaseOf, readTensor, ringValue, ruleOf } from './synthetic-values.js';

/** The first values of a tensor. */
function firstValues(name: string, shape: readonly number[], count: number): number[] {
  const bytes = Buffer.concat([...readTensor(name, shape, 0, 2 * count)]);
  const words = Uint32Array.from({ length: count }, (_, at) => bytes.readUInt16LE(2 * at) << 16);
  return [...new Float32Array(words.buffer)];
}

describe('a synthetic checkpoint', () => {
  // The numbers of parameters from the model cards, or computed from the published configurations.
  it.each([
    ['2b', 2_253_490_176],
    ['7b', 7_768_117_248],
    ['7b-vision', 8_187_373_088 + 2 * 64 * 4096],
    ['40b', 40_433_885_184],
  ] as const)('%s has %i parameters', (name, parameters) => {
    const sizes = listTensors(SHAPES[name]).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((a, b) => a + b)).toBe(parameters);
  });

  it('has shards of the published sizes', () => {
    const sizesOf = (name: '2b' | '7b') =>
      [...createSyntheticCheckpoint(SHAPES[name]).files]
        .filter(([file]) => file.endsWith('.safetensors'))
        .map(([, { size }]) => size);
    expect(sizesOf('2b')).toEqual([4_507_005_744]);
    expect(sizesOf('7b')).toEqual([4_982_973_048, 4_995_660_232, 3_460_482_936, 2_097_152_128]);
  });

  it('has the values that the Python implementation computes', () => {
    expect(ringValue(0)).toBe(9 / 147.8);
    expect(ringValue(2)).toBe(139 / 147.8);
    expect(ringValue(1_048_572)).toBe(-142 / 147.8);
    expect(phaseOf('image_newline')).toBe(499_955);
    expect(ruleOf('model.layers.0.self_attn.o_proj.weight', [4, 16])).toEqual({
      centre: 0,
      scale: 0.125,
    });
    expect(ruleOf('vision_tower.vision_model.encoder.layers.0.layer_norm1.weight', [9])).toEqual({
      centre: 1,
      scale: 0.1,
    });
  });

  it('has different values in each tensor, with the standard deviation of its rule', () => {
    const [a, b] = ['q_proj', 'k_proj'].map((part) =>
      firstValues(`model.layers.0.self_attn.${part}.weight`, [64, 64], 4096),
    );
    const spread = Math.sqrt(a!.reduce((sum, value) => sum + value * value, 0) / 4096);
    expect(spread).toBeCloseTo(1 / 8, 2);
    expect(a).not.toEqual(b);
  });

  it('reads the same bytes from any offset', () => {
    const checkpoint = createSyntheticCheckpoint(SHAPES['tiny-vision']);
    for (const [name, file] of checkpoint.files) {
      const whole = readAll(file);
      const at = Math.floor(file.size / 3) + 1;
      const parts = [...file.read(0, at), ...file.read(at, file.size)];
      expect([name, whole.length]).toEqual([name, file.size]);
      expect(Buffer.concat(parts).equals(whole)).toBe(true);
    }
  });

  it('has the same tensors with fewer layers', () => {
    const whole = new Set(listTensors(SHAPES['7b-vision']).map(({ name }) => name));
    const cut = listTensors(withLayers(SHAPES['7b-vision'], 4)).map(({ name }) => name);
    expect(cut.every((name) => whole.has(name))).toBe(true);
    expect(cut.filter((name) => name.endsWith('.o_proj.weight'))).toHaveLength(4);
    expect(cut.filter((name) => name.endsWith('.fc1.weight'))).toHaveLength(4);
  });
});
