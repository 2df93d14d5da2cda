import { tinyConfig, tinyProcessor } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { LLAVA_CLASSES } from './llava-classes.js';
import { parseImageProcessor } from './parse-image-processor.js';

type Json = Record<string, unknown>;

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;
const ONEVISION = { llava: LLAVA_CLASSES.LlavaOnevisionForConditionalGeneration, imageSize: 7 };
const NEXT = { llava: LLAVA_CLASSES.LlavaNextForConditionalGeneration, imageSize: 7 };
const LLAVA = { llava: LLAVA_CLASSES.LlavaForConditionalGeneration, imageSize: 224 };
const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073];
const CLIP_STD = [0.26862954, 0.26130258, 0.27577711];

const parseTiny = (changes: Json = {}, config: Json = {}) =>
  parseImageProcessor(
    { ...tinyProcessor(), ...changes },
    { ...tinyConfig(), ...config },
    ONEVISION,
  );

describe('the image processor of LLaVA-OneVision', () => {
  it('has sizes as width and height', () => {
    expect(parseTiny()).toEqual({
      imageProcessor: {
        tileSize: { width: 7, height: 7 },
        resample: 'bicubic',
        mean: [0.5, 0.5, 0.5],
        std: [0.5, 0.5, 0.5],
        rescaleFactor: 1 / 255,
      },
      layout: {
        kind: 'anyres',
        imageGridPinpoints: [
          { width: 7, height: 7 },
          { width: 14, height: 7 },
        ],
        maxTilesCap: 9,
        severalImagesColor: [127, 127, 127],
      },
    });
  });

  it('has the attributes of its class where the file has no value', () => {
    const { imageProcessor, layout } = parseImageProcessor(
      { image_mean: null },
      {},
      { ...ONEVISION, imageSize: 384 },
    );

    expect(imageProcessor).toEqual({
      tileSize: { width: 384, height: 384 },
      resample: 'bicubic',
      mean: CLIP_MEAN,
      std: CLIP_STD,
      rescaleFactor: 1 / 255,
    });
    expect(layout).toMatchObject({ maxTilesCap: 9, severalImagesColor: [122, 116, 104] });
    expect(layout.kind === 'anyres' && layout.imageGridPinpoints).toHaveLength(36);
  });

  it.each([
    ['anyres', null],
    ['anyres_max_4', 4],
    ['anyres_max_12', 12],
  ])('reads the cap of %s', (vision_aspect_ratio, cap) => {
    expect(parseTiny({}, { vision_aspect_ratio }).layout).toMatchObject({ maxTilesCap: cap });
  });

  it.each(['pad', 'anyres_max_0', 'anyres_max_', 'anyres_max_9x', 'anyres_max_99999'])(
    'rejects the ratio %s',
    (vision_aspect_ratio) => {
      expect(() => parseTiny({}, { vision_aspect_ratio })).toThrow(INVALID);
    },
  );

  it.each<[string, Json]>([
    ['a number', { size: 7 }],
    ['height and width', { size: [7, 7] }],
    ['the shortest edge', { size: { shortest_edge: 7 } }],
    ['a crop of the same size', { crop_size: 7, do_center_crop: true }],
    ['the class of another backend', { image_processor_type: 'LlavaOnevisionImageProcessorFast' }],
    ['no padding of batches', { do_pad: false }],
  ])('accepts %s', (_, changes) => {
    expect(parseTiny(changes)).toEqual(parseTiny());
  });

  it.each([
    [1, 'lanczos'],
    [2, 'bilinear'],
    [3, 'bicubic'],
  ])('reads the filter %i of Pillow as %s', (resample, filter) => {
    expect(parseTiny({ resample }).imageProcessor.resample).toBe(filter);
  });

  it('leaves out steps that are disabled', () => {
    expect(parseTiny({ do_rescale: false }).imageProcessor.rescaleFactor).toBe(1);
    const { imageProcessor, layout } = parseTiny({ do_normalize: false });
    expect(imageProcessor).toMatchObject({ mean: [0, 0, 0], std: [1, 1, 1] });
    expect(layout).toMatchObject({ severalImagesColor: [127, 127, 127] });
  });

  it.each<[string, Json]>([
    ['the size of the class', { size: undefined }],
    ['a size that the vision encoder does not take', { size: { width: 8, height: 8 } }],
    ['a size that is no square', { size: { width: 7, height: 8 } }],
    ['the longest edge', { size: { longest_edge: 7 } }],
    ['a side beyond reason', { size: { shortest_edge: 1e6 } }],
    ['tiles of another size', { crop_size: { width: 6, height: 6 } }],
    ['two colors', { image_mean: [0.5, 0.5] }],
    ['a color beyond white', { image_mean: [0.5, 0.5, 2] }],
    ['a deviation of zero', { image_std: [0.5, 0, 0.5] }],
    ['another filter', { resample: 0 }],
    ['no resizing', { do_resize: false }],
    ['a flag that is no flag', { do_rescale: 'yes' }],
    ['an empty grid', { image_grid_pinpoints: [] }],
    ['half a tile', { image_grid_pinpoints: [[7, 10]] }],
    ['a pinpoint of one number', { image_grid_pinpoints: [[7]] }],
    ['another grid than config.json', { image_grid_pinpoints: [[7, 7]] }],
    ['another class', { image_processor_type: 'SiglipImageProcessor' }],
  ])('rejects %s', (_, changes) => {
    expect(() => parseTiny(changes)).toThrow(INVALID);
  });

  it('names the filter that was found, and the supported ones', () => {
    expect(() => parseTiny({ resample: 0 })).toThrow(
      'resample 0 is not supported. Supported: 1 (lanczos), 2 (bilinear), 3 (bicubic)',
    );
  });
});

describe('the image processor of LLaVA-NeXT', () => {
  const parse = (changes: Json) =>
    parseImageProcessor(
      { ...tinyProcessor(), size: { shortest_edge: 7 }, crop_size: 7, ...changes },
      tinyConfig(),
      NEXT,
    );

  it('splits each of several images, without a cap', () => {
    expect(parse({ do_resize: false }).layout).toEqual({
      kind: 'anyres',
      imageGridPinpoints: [
        { width: 7, height: 7 },
        { width: 14, height: 7 },
      ],
      maxTilesCap: null,
      severalImagesColor: null,
    });
  });

  it('has the attributes of its class where the file has no value', () => {
    const file = { size: 336, crop_size: 336 };
    const { imageProcessor, layout } = parseImageProcessor(file, {}, { ...NEXT, imageSize: 336 });

    expect(imageProcessor).toMatchObject({ mean: CLIP_MEAN, std: CLIP_STD });
    expect(layout).toMatchObject({
      imageGridPinpoints: [
        { width: 672, height: 336 },
        { width: 336, height: 672 },
        { width: 672, height: 672 },
        { width: 336, height: 1008 },
        { width: 1008, height: 336 },
      ],
    });
  });

  it('rejects the size of tiles of the class', () => {
    // crop_size is 224 then.
    expect(() => parse({ crop_size: undefined })).toThrow(INVALID);
  });
});

describe('the image processor of LLaVA', () => {
  const parse = (file: Json, imageSize = 224) =>
    parseImageProcessor(file, {}, { ...LLAVA, imageSize });

  it('crops the center of an image with the given shorter side', () => {
    const { imageProcessor, layout } = parse({});

    expect(imageProcessor).toMatchObject({ mean: CLIP_MEAN, std: CLIP_STD });
    expect(layout).toEqual({
      kind: 'single-tile',
      paddingColor: null,
      resize: { sides: 'shortest', pixels: 224 },
    });
    expect(parse({ size: 256, image_processor_type: 'CLIPImageProcessor' }).layout).toMatchObject({
      resize: { sides: 'shortest', pixels: 256 },
    });
  });

  it('resizes both sides for SigLIP', () => {
    const file = { image_processor_type: 'SiglipImageProcessor' };

    expect(parse(file)).toMatchObject({
      imageProcessor: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
      layout: { paddingColor: null, resize: { sides: 'both', pixels: 224 } },
    });
    expect(parse({ ...file, size: { height: 384, width: 384 } }, 384).layout).toMatchObject({
      resize: { sides: 'both', pixels: 384 },
    });
  });

  it('pads with the mean color if the class does and the file says so', () => {
    expect(parse({ do_pad: true }).layout).toEqual({
      kind: 'single-tile',
      paddingColor: [122, 116, 104],
      resize: { sides: 'both', pixels: 224 },
    });
    const clip = { image_processor_type: 'CLIPImageProcessor', do_pad: true };
    expect(parse(clip).layout).toMatchObject({ paddingColor: null });
  });

  it('reads the class of a feature extractor', () => {
    expect(parse({ feature_extractor_type: 'CLIPFeatureExtractor' })).toEqual(
      parse({ image_processor_type: 'CLIPImageProcessor' }),
    );
  });

  it.each<[string, Json]>([
    ['another crop than the vision encoder takes', { crop_size: 200 }],
    ['images that are not square', { do_center_crop: false }],
    ['another size without a crop', { do_center_crop: false, size: [256, 256] }],
    ['no resizing', { do_resize: false }],
    [
      'padding to a given size',
      { image_processor_type: 'CLIPImageProcessor', do_pad: true, pad_size: 300 },
    ],
    ['the class of another model', { image_processor_type: 'LlavaNextImageProcessor' }],
    ['a class that is no text', { image_processor_type: 7 }],
  ])('rejects %s', (_, file) => {
    expect(() => parse(file)).toThrow(INVALID);
  });
});
