import { tinyProcessor } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { parseImageProcessor } from './parse-image-processor.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

describe('parseImageProcessor', () => {
  it('parses sizes as width and height', () => {
    expect(parseImageProcessor(tinyProcessor(), {}, 7)).toEqual({
      tileSize: { width: 7, height: 7 },
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      rescaleFactor: 1 / 255,
      imageGridPinpoints: [
        { width: 7, height: 7 },
        { width: 14, height: 7 },
      ],
      maxTilesCap: 9,
    });
  });

  it('uses the grid pinpoints of config.json if the processor has none', () => {
    const processor = { ...tinyProcessor(), image_grid_pinpoints: undefined };

    expect(
      parseImageProcessor(processor, { image_grid_pinpoints: [[21, 7]] }, 7).imageGridPinpoints,
    ).toEqual([{ width: 7, height: 21 }]);
  });

  it.each([
    ['anyres', null],
    ['anyres_max_4', 4],
    ['anyres_max_12', 12],
  ])('reads the cap of %s', (ratio, cap) => {
    const config = { vision_aspect_ratio: ratio };

    expect(parseImageProcessor(tinyProcessor(), config, 7).maxTilesCap).toBe(cap);
  });

  it.each(['pad', 'anyres_max_0', 'anyres_max_', 'anyres_max_9x', 'anyres_max_99999'])(
    'rejects the ratio %s',
    (ratio) => {
      expect(() => parseImageProcessor(tinyProcessor(), { vision_aspect_ratio: ratio }, 7)).toThrow(
        INVALID,
      );
    },
  );

  it.each([
    ['no size', { size: undefined }],
    ['the shortest edge', { size: { shortest_edge: 7 } }],
    ['a size that the tower does not take', { size: { width: 8, height: 7 } }],
    ['no mean', { image_mean: undefined }],
    ['two colours', { image_mean: [0.5, 0.5] }],
    ['a deviation of zero', { image_std: [0.5, 0, 0.5] }],
    ['another filter', { resample: 2 }],
    ['no normalisation', { do_normalize: false }],
    ['no padding', { do_pad: false }],
    ['no grid', { image_grid_pinpoints: undefined }],
    ['an empty grid', { image_grid_pinpoints: [] }],
    ['half a tile', { image_grid_pinpoints: [[7, 10]] }],
    ['a pinpoint of one number', { image_grid_pinpoints: [[7]] }],
  ])('rejects %s', (_, change) => {
    expect(() => parseImageProcessor({ ...tinyProcessor(), ...change }, {}, 7)).toThrow(INVALID);
  });
});
