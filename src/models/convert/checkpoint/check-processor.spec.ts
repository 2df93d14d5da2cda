import { tinyConfig } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { checkProcessor } from './check-processor.js';
import { LLAVA_CLASSES } from './llava-classes.js';
import { parseArchitecture } from './parse-config.js';

type Json = Record<string, unknown>;

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

/** Checks a `processor_config.json` of the tiny model, which has 4 patches per tile. */
function check(
  name: keyof typeof LLAVA_CLASSES,
  processor: Json,
  config: Json = {},
  vision: Json = {},
): void {
  const tiny = tinyConfig();
  const model: Json = {
    ...tiny,
    architectures: [name],
    model_type: LLAVA_CLASSES[name].modelType,
    vision_config: { ...(tiny['vision_config'] as Json), ...vision },
    ...config,
  };
  checkProcessor(processor, model, parseArchitecture(model, {}, []).vision!);
}

describe('checkProcessor', () => {
  const CLIP = { model_type: 'clip_vision_model' };
  const DEFAULT = { vision_feature_select_strategy: 'default' };
  const FULL = { vision_feature_select_strategy: 'full' };

  it('accepts a processor without the fields', () => {
    expect(() => check('LlavaOnevisionForConditionalGeneration', {})).not.toThrow();
    expect(() => check('LlavaForConditionalGeneration', { patch_size: null })).not.toThrow();
  });

  it('accepts the counts of each class', () => {
    expect(() => {
      check('LlavaOnevisionForConditionalGeneration', { num_image_tokens: 4, ...FULL });
      check(
        'LlavaOnevisionForConditionalGeneration',
        { num_image_tokens: 5, ...DEFAULT },
        DEFAULT,
        CLIP,
      );
      const counts = { patch_size: 3, num_additional_image_tokens: 1 };
      check('LlavaForConditionalGeneration', { ...counts, ...DEFAULT }, DEFAULT, CLIP);
      check('LlavaForConditionalGeneration', { ...counts, ...FULL }, FULL, CLIP);
      check('LlavaNextForConditionalGeneration', { num_additional_image_tokens: 0 }, FULL);
      // A vision encoder without a class token: the first patch is dropped.
      check('LlavaForConditionalGeneration', { num_additional_image_tokens: 0 }, DEFAULT);
    }).not.toThrow();
  });

  it.each<[string, keyof typeof LLAVA_CLASSES, Json, Json]>([
    [
      'another cap',
      'LlavaOnevisionForConditionalGeneration',
      { vision_aspect_ratio: 'anyres_max_4' },
      {},
    ],
    ['another count', 'LlavaOnevisionForConditionalGeneration', { num_image_tokens: 9 }, {}],
    ['another choice of features', 'LlavaForConditionalGeneration', FULL, DEFAULT],
    ['another patch', 'LlavaForConditionalGeneration', { patch_size: 14 }, FULL],
    [
      'a class token',
      'LlavaNextForConditionalGeneration',
      { num_additional_image_tokens: 1 },
      FULL,
    ],
  ])('rejects %s than the model has', (_, name, processor, config) => {
    expect(() => check(name, processor, config)).toThrow(INVALID);
  });
});
