import { allocate, cacheBytesPerToken, cachePlanes, planeShape } from './cache-planes.js';

const SHAPE = { layers: 2, keyValueHeads: 3, headDim: 8 };
const FLOATS = { ...SHAPE, cache: 'float32' } as const;
const BYTES = { ...SHAPE, cache: 'int8-rows' } as const;

describe('cachePlanes', () => {
  it('lists two planes of floats a layer', () => {
    expect(cachePlanes(FLOATS)).toEqual([
      { layer: 0, name: '0.key', type: 'float32', width: 8 },
      { layer: 0, name: '0.value', type: 'float32', width: 8 },
      { layer: 1, name: '1.key', type: 'float32', width: 8 },
      { layer: 1, name: '1.value', type: 'float32', width: 8 },
    ]);
  });

  it('lists bytes and their scales', () => {
    const planes = cachePlanes(BYTES).filter(({ layer }) => layer === 1);

    expect(planes).toEqual([
      { layer: 1, name: '1.key', type: 'uint8', width: 8 },
      { layer: 1, name: '1.value', type: 'int8', width: 8 },
      { layer: 1, name: '1.key_scale', type: 'float32', width: 1 },
      { layer: 1, name: '1.value_scale', type: 'float32', width: 1 },
    ]);
  });

  it('counts what a position takes', () => {
    expect(cacheBytesPerToken(FLOATS)).toBe(2 * 2 * 3 * 8 * 4);
    expect(cacheBytesPerToken(BYTES)).toBe(2 * 2 * 3 * (8 + 4));
  });

  it('allocates what a plane is made of, and lays scales in a row', () => {
    const [key, value, scale] = cachePlanes(BYTES);

    expect([key, value, scale].map((plane) => allocate(plane!, 5))).toEqual([
      new Uint8Array(5),
      new Int8Array(5),
      new Float32Array(5),
    ]);
    expect(planeShape(key!, 4, 3, 64)).toEqual([4, 3, 64, 8]);
    expect(planeShape(scale!, 4, 3, 64)).toEqual([4, 3, 1, 64]);
  });
});
