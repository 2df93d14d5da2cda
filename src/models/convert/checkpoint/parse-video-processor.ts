import { invalidModel } from '../../package/invalid-model.js';
import { findSupported, type JsonObject } from '../../package/json-fields.js';
import type { ImageProcessorConfig } from '../../package/manifest.js';
import type { VisionArchitecture } from './architecture.js';
import { checkFlag, parseCropSize, parsePixelValues, parseSize } from './parse-pixels.js';
import { completeProcessor } from './processor-classes.js';

const CLASSES = { LlavaOnevisionVideoProcessor: 'LlavaOnevisionVideoProcessor' } as const;

/**
 * Parses a video processor. Fields without a value have the attribute of `LlavaOnevisionVideoProcessor`, which may
 * differ from the value of the image processor. Frame sampling is the service's own, so its settings are not read.
 *
 * @throws MODEL_INVALID if a field is out of range, needs unsupported preprocessing or does not fit the vision encoder
 */
export function parseVideoProcessor(
  file: JsonObject,
  { imageSize }: Pick<VisionArchitecture, 'imageSize'>,
): ImageProcessorConfig {
  const name = findSupported(
    file['video_processor_type'] ?? 'LlavaOnevisionVideoProcessor',
    'video_processor_type',
    CLASSES,
  );
  const json = completeProcessor(file, name);
  if (!checkFlag(json, 'do_resize')) throw invalidModel('do_resize must be true, found false');
  // Frames are resized to a square also where only the shorter side is given: transformers fails for frames that are
  // not square then.
  const { pixels } = parseSize(json);
  const cropped = checkFlag(json, 'do_center_crop') ? parseCropSize(json) : pixels;
  if (pixels !== imageSize || cropped !== imageSize) {
    throw invalidModel(
      `size and crop_size of the video processor must be vision_config.image_size in config.json (${imageSize}), ` +
        `found ${pixels} and ${cropped ?? 'no value'}`,
    );
  }
  return parsePixelValues(json, imageSize);
}
