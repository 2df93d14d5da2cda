import type { JsonObject } from '../../package/json-fields.js';
import { withDefaults } from './with-defaults.js';

const CLIP_STATISTICS = {
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
};

const STEPS = {
  do_resize: true,
  do_rescale: true,
  do_normalize: true,
  // PIL.Image.Resampling.BICUBIC
  resample: 3,
  rescale_factor: 1 / 255,
};

const CLIP = {
  ...STEPS,
  ...CLIP_STATISTICS,
  size: { shortest_edge: 224 },
  do_center_crop: true,
  crop_size: { height: 224, width: 224 },
};

const ONEVISION_SIDES = [384, 768, 1152, 1536, 1920, 2304];

/** Grid pinpoints, [height, width], of the classes of LLaVA-NeXT and LLaVA-OneVision. */
export const NEXT_PINPOINTS = [
  [336, 672],
  [672, 336],
  [672, 672],
  [1008, 336],
  [336, 1008],
];
export const ONEVISION_PINPOINTS = ONEVISION_SIDES.flatMap((height) =>
  ONEVISION_SIDES.map((width) => [height, width]),
);

/** Class attributes of the processors of transformers 5, which hold where a file has no value or null. */
const CLASS_ATTRIBUTES = {
  LlavaImageProcessor: { ...CLIP, do_pad: false },
  CLIPImageProcessor: CLIP,
  SiglipImageProcessor: {
    ...STEPS,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
    size: { height: 224, width: 224 },
  },
  LlavaNextImageProcessor: { ...CLIP, image_grid_pinpoints: NEXT_PINPOINTS },
  LlavaOnevisionImageProcessor: {
    ...STEPS,
    ...CLIP_STATISTICS,
    size: { height: 384, width: 384 },
    image_grid_pinpoints: ONEVISION_PINPOINTS,
  },
  LlavaOnevisionVideoProcessor: {
    ...STEPS,
    ...CLIP_STATISTICS,
    size: { height: 384, width: 384 },
  },
} as const satisfies Record<string, JsonObject>;

export type ProcessorClass = keyof typeof CLASS_ATTRIBUTES;

/** The settings of a processor file, completed with the attributes of its class. */
export function completeProcessor(file: JsonObject, name: ProcessorClass): JsonObject {
  return withDefaults(CLASS_ATTRIBUTES[name], file);
}
