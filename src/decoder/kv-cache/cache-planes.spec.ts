import { allocate, cacheBytesPerToken, cachePlanes, planeTensor } from './cache-planes.js';

const SHAPE = { layers: 2, keyValueHeads: 3, headDim: 8 };
const FLOATS = { ...SHAPE, cache: 'float32' } as const;
const BYTES = { ...SHAPE, cache: 'int8-rows' } as const;

describe('cachePlanes', () => {
  it('lists two planes of floats a layer', () => {
    const plane = { type: 'float32', layout: 'rows', heads: 3, width: 8 };

    expect(cachePlanes(FLOATS)).toEqual([
      { ...plane, layer: 0, name: '0.key' },
      { ...plane, layer: 0, name: '0.value' },
      { ...plane, layer: 1, name: '1.key' },
      { ...plane, layer: 1, name: '1.value' },
    ]);
  });

  it('lists bytes and what belongs to them, keys in columns', () => {
    const planes = cachePlanes(BYTES).filter(({ layer }) => layer === 1);
    const ofPosition = { layer: 1, type: 'float32', layout: 'columns', heads: 3, width: 1 };

    expect(planes).toEqual([
      { layer: 1, name: '1.key', type: 'int8', layout: 'columns', heads: 3, width: 8 },
      { layer: 1, name: '1.value', type: 'int8', layout: 'rows', heads: 3, width: 8 },
      { ...ofPosition, name: '1.key_scale' },
      { ...ofPosition, name: '1.key_shift' },
      { ...ofPosition, name: '1.value_scale' },
    ]);
  });

  it('counts what a position takes', () => {
    expect(cacheBytesPerToken(FLOATS)).toBe(2 * 2 * 3 * 8 * 4);
    expect(cacheBytesPerToken(BYTES)).toBe(2 * 3 * (2 * 8 + 3 * 4));
  });

  it('makes room, and hands it out in the shape that the graph reads', () => {
    const [key, value, scale] = cachePlanes(BYTES);
    const tensorOf = (plane = key!) => planeTensor(plane, 4, 64, allocate(plane, 4, 64));

    expect(tensorOf(key)).toMatchObject({ type: 'int8', shape: [4, 3, 8, 64] });
    expect(tensorOf(value)).toMatchObject({ type: 'int8', shape: [4, 3, 64, 8] });
    expect(tensorOf(scale)).toMatchObject({ type: 'float32', shape: [4, 3, 1, 64] });
    expect(tensorOf(key).data).toEqual(new Int8Array(4 * 3 * 8 * 64));
    expect(tensorOf(scale).data).toEqual(new Float32Array(4 * 3 * 64));
  });
});
