import { parseVideoProcessor } from './parse-video-processor.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;
const SIZE = { height: 98, width: 98 };

describe('parseVideoProcessor', () => {
  it('reads the settings of the file', () => {
    const file = {
      video_processor_type: 'LlavaOnevisionVideoProcessor',
      size: SIZE,
      image_mean: [0.1, 0.2, 0.3],
      image_std: [0.4, 0.5, 0.6],
      rescale_factor: 0.01,
      resample: 2,
      do_sample_frames: true,
      num_frames: 32,
    };

    expect(parseVideoProcessor(file, { imageSize: 98 })).toEqual({
      tileSize: { width: 98, height: 98 },
      resample: 'bilinear',
      mean: [0.1, 0.2, 0.3],
      std: [0.4, 0.5, 0.6],
      rescaleFactor: 0.01,
    });
  });

  it('has the attributes of its class where the file has no value', () => {
    expect(parseVideoProcessor({ image_std: null }, { imageSize: 384 })).toEqual({
      tileSize: { width: 384, height: 384 },
      resample: 'bicubic',
      mean: [0.48145466, 0.4578275, 0.40821073],
      std: [0.26862954, 0.26130258, 0.27577711],
      rescaleFactor: 1 / 255,
    });
  });

  it.each([
    ['the size of the class', {}],
    ['a size that the vision encoder does not take', { size: { height: 97, width: 97 } }],
    ['a crop that the vision encoder does not take', { size: SIZE, do_center_crop: true }],
    ['no resizing', { size: SIZE, do_resize: false }],
    ['another class', { size: SIZE, video_processor_type: 'LlavaNextVideoVideoProcessor' }],
  ])('rejects %s', (_, file) => {
    expect(() => parseVideoProcessor(file, { imageSize: 98 })).toThrow(INVALID);
  });
});
