import {
  MAX_ANSWER_TOKENS,
  MAX_DOCUMENT_PAGES,
  MAX_FRAMES_PER_SECOND,
  MAX_SAMPLED_FRAMES,
  MAX_VIDEO_SECONDS,
} from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { DEFAULT_FRAMES, type FrameSampling } from '../media/frame-sampling.js';

/** Ranges of the numeric options, limits included: those of the HTTP API. */
const RANGES = {
  maxTokens: { min: 1, max: MAX_ANSWER_TOKENS, isInteger: true },
  temperature: { min: 0, max: 2, isInteger: false },
  topP: { min: 0.01, max: 1, isInteger: false },
  topK: { min: 0, max: 1000, isInteger: true },
  repetitionPenalty: { min: 0.1, max: 2, isInteger: false },
  seed: { min: 0, max: 0xffffffff, isInteger: true },
  page: { min: 1, max: MAX_DOCUMENT_PAGES, isInteger: true },
  frames: { min: 1, max: MAX_SAMPLED_FRAMES, isInteger: true },
  framesPerSecond: { min: 0.001, max: MAX_FRAMES_PER_SECOND, isInteger: false },
  start: { min: 0, max: MAX_VIDEO_SECONDS, isInteger: false },
  end: { min: 0, max: MAX_VIDEO_SECONDS, isInteger: false },
  threads: { min: 1, max: 1024, isInteger: true },
} as const;

type NumericOption = keyof typeof RANGES;

/** Options that choose the frames of a video. With any of them, an animation is a video. */
export interface FrameOptions {
  /** Number of frames, 1 to 128. Default: 8. */
  readonly frames?: number | undefined;
  /** Frames per second of the video, instead of `frames`. */
  readonly framesPerSecond?: number | undefined;
  /** Seconds from the first frame of the video. */
  readonly start?: number | undefined;
  /** Seconds from the first frame of the video, exclusive. */
  readonly end?: number | undefined;
}

/** @throws INVALID_PARAMETER for a number outside of its range; the limits are those of the HTTP API. */
export function checkNumbers(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!isNumericOption(name) || value === undefined) continue;
    const { min, max, isInteger } = RANGES[name];
    const isNumber = isInteger ? Number.isInteger(value) : Number.isFinite(value);
    if (isNumber && value >= min && value <= max) continue;
    throw invalidOption(
      name,
      `${name} must be a ${isInteger ? 'whole number' : 'number'} from ${min} to ${max}, not ${JSON.stringify(value)}.`,
    );
  }
}

/** @throws INVALID_PARAMETER unless the option is one of the choices. */
export function checkChoice<T extends string>(
  name: string,
  value: unknown,
  choices: readonly T[],
): asserts value is T {
  if (choices.some((choice) => choice === value)) return;
  throw invalidOption(
    name,
    `${name} must be one of ${choices.map((choice) => `"${choice}"`).join(', ')}, not ${JSON.stringify(value)}.`,
  );
}

/** @throws INVALID_PARAMETER for a name that is not in the list, such as a misspelt one. */
export function checkNames(options: object, names: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw invalidOption(
    unknown,
    `There is no option "${unknown}". The options are ${names.join(', ')}.`,
  );
}

/** @throws INVALID_PARAMETER for both `frames` and `framesPerSecond`, or unless `end` is after `start`. */
export function toSampling({ frames, framesPerSecond, start, end }: FrameOptions): FrameSampling {
  if (frames !== undefined && framesPerSecond !== undefined) {
    throw invalidOption('frames', 'Use either frames or framesPerSecond, not both.');
  }
  const startSeconds = start ?? 0;
  if (end !== undefined && end <= startSeconds) {
    throw invalidOption('end', `end (${end} s) must be greater than start (${startSeconds} s).`);
  }
  const range = { startSeconds, endSeconds: end ?? null };
  return {
    mode: 'uniform',
    frames:
      framesPerSecond === undefined
        ? { count: frames ?? DEFAULT_FRAMES }
        : { perSecond: framesPerSecond },
    ...(start === undefined && end === undefined ? {} : { range }),
  };
}

export function invalidOption(name: string, message: string): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', message, { details: { parameter: name } });
}

function isNumericOption(name: string): name is NumericOption {
  return name in RANGES;
}
