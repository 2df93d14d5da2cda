import { invalidModel } from '../../package/invalid-model.js';
import { type JsonObject, describeValue } from '../../package/json-fields.js';
import type { VisionArchitecture } from './architecture.js';
import { withDefaults } from './with-defaults.js';

/**
 * Compares `processor_config.json` with the model. The processor of transformers counts the placeholders of an image
 * from its own copies of these fields, and the model rejects a prompt with another number of them. Fields without a
 * value are not compared: files of early versions have none.
 *
 * @throws MODEL_INVALID for the first field that contradicts the model.
 */
export function checkProcessor(
  processor: JsonObject,
  config: JsonObject,
  vision: VisionArchitecture,
): void {
  const { llava } = vision;
  const model = withDefaults(llava.defaults, config);
  const strategy = model['vision_feature_select_strategy'];
  const patches = vision.patchesPerSide ** 2;
  const dropped = strategy === 'default' ? 1 : 0;
  const expected: Readonly<Record<string, unknown>> = {
    vision_feature_select_strategy: strategy,
    ...(llava.videos === 'yes'
      ? {
          vision_aspect_ratio: model['vision_aspect_ratio'],
          num_image_tokens: vision.featuresPerTile + dropped,
        }
      : {
          patch_size: vision.patchSize,
          num_additional_image_tokens: vision.featuresPerTile + dropped - patches,
        }),
  };
  for (const [field, value] of Object.entries(expected)) {
    const found = processor[field] ?? null;
    if (found === null || found === value) continue;
    throw invalidModel(
      `${field} must be ${describeValue(value)} as in config.json, found ${describeValue(found)}. Correct the wrong file`,
    );
  }
}
