import {
  MAX_VIDEO_SECONDS,
  MAX_SAMPLED_FRAMES,
  MAX_FRAMES_PER_SECOND,
} from '../../../config/limits.js';
import type { FrameSampling } from '../../../media/frame-sampling.js';
import { ClipOptionsDto, toFrameSampling } from '../../request/video-options.dto.js';
import { isAbsent, readChoice, readNumber, readObject } from '../read-parameter.js';

const SECONDS = { kind: 'number', min: 0, max: MAX_VIDEO_SECONDS } as const;

class MediaOptions extends ClipOptionsDto {}

/**
 * The extension `media_options`: which frames of clips are looked at, in the words of the native API.
 *
 * @throws INVALID_PARAMETER, INVALID_REQUEST
 */
export function parseMediaOptions(value: unknown): FrameSampling {
  if (isAbsent(value)) return toFrameSampling(new MediaOptions());
  const options = readObject(value, 'media_options');
  const number = (name: string, range: Parameters<typeof readNumber>[2]) =>
    readNumber(options[name], `media_options.${name}`, range);
  const asked = Object.assign(new MediaOptions(), {
    num_frames: number('num_frames', { kind: 'integer', min: 1, max: MAX_SAMPLED_FRAMES }),
    fps: number('fps', { kind: 'number', min: 0.001, max: MAX_FRAMES_PER_SECOND }),
    start: number('start', SECONDS),
    end: number('end', SECONDS),
    sampling: readChoice(options['sampling'], 'media_options.sampling', ['uniform', 'scene']),
  });
  return toFrameSampling(asked);
}
