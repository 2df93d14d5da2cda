import { allocate, cacheBytesPerToken, cachePlanes, planeTensor } from './cache-planes.js';

const SHAPE = { layers: 2, keyValueHeads: 3, headDim: 8 };
const FLOAT32 = { ...SHAPE, cache: 'float32' } as const;
const INT8 = { ...SHAPE, cache: 'int8-rows' } as const;

describe('cachePlanes', () => {
  it('lists two float32 planes per layer', () => {
    const plane = { type: 'float32', layout: 'rows', heads: 3, width: 8 };

    expect(cachePlanes(FLOAT32)).toEqual([
      { ...plane, layer: 0, name: '0.key' },
      { ...plane, layer: 0, name: '0.value' },
      { ...plane, layer: 1, name: '1.key' },
      { ...plane, layer: 1, name: '1.value' },
    ]);
  });

  it('lists int8 planes with their scales and shifts, keys in columns', () => {
    const planes = cachePlanes(INT8).filter(({ layer }) => layer === 1);
    const perPosition = { layer: 1, type: 'float32', layout: 'columns', heads: 3, width: 1 };

    expect(planes).toEqual([
      { layer: 1, name: '1.key', type: 'int8', layout: 'columns', heads: 3, width: 8 },
      { layer: 1, name: '1.value', type: 'int8', layout: 'rows', heads: 3, width: 8 },
      { ...perPosition, name: '1.key_scale' },
      { ...perPosition, name: '1.key_shift' },
      { ...perPosition, name: '1.value_scale' },
    ]);
  });
});

describe('cacheBytesPerToken', () => {
  it('counts the bytes of all planes at one position', () => {
    expect(cacheBytesPerToken(FLOAT32)).toBe(2 * 2 * 3 * 8 * 4);
    expect(cacheBytesPerToken(INT8)).toBe(2 * 3 * (2 * 8 + 3 * 4));
  });
});

describe('planeTensor', () => {
  it('wraps an allocated plane in the shape of the graph input', () => {
    const [key, value, scale] = cachePlanes(INT8);
    const tensorOf = (plane = key!) => planeTensor(plane, 4, 64, allocate(plane, 4, 64));

    expect(tensorOf(key)).toMatchObject({ type: 'int8', shape: [4, 3, 8, 64] });
    expect(tensorOf(value)).toMatchObject({ type: 'int8', shape: [4, 3, 64, 8] });
    expect(tensorOf(scale)).toMatchObject({ type: 'float32', shape: [4, 3, 1, 64] });
    expect(tensorOf(key).data).toEqual(new Int8Array(4 * 3 * 8 * 64));
    expect(tensorOf(scale).data).toEqual(new Float32Array(4 * 3 * 64));
  });
});
