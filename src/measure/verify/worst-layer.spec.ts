import { findWorstLayer } from './worst-layer.js';

describe('findWorstLayer', () => {
  it.each([
    [[0.01, 0.02], [0.03, 0.019], 'decoder', 1, 2, 0.03],
    [[0.01, 0.05, 0.02], [0.03], 'visionEncoder', 2, 3, 0.05],
    [[], [0, 0], 'decoder', 1, 2, 0],
    [[0.9], [0.1, NaN, 0.3], 'decoder', 2, 3, NaN],
  ] as const)('of %j and %j', (visionEncoder, decoder, part, layer, layers, error) => {
    expect(findWorstLayer({ visionEncoder, decoder })).toEqual({ part, layer, layers, error });
  });

  it('needs a layer', () => {
    expect(() => findWorstLayer({ visionEncoder: [], decoder: [] })).toThrow(RangeError);
  });
});
