import { type Command, Option } from 'commander';

import { type Configuration, parseInteger } from '../config/configuration.js';
import {
  MAX_DOCUMENT_PAGES,
  MAX_FRAMES_PER_SECOND,
  MAX_IMAGE_PIXELS,
  MAX_SAMPLED_FRAMES,
  MAX_VIDEO_SECONDS,
} from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import {
  type AnimationUse,
  DEFAULT_FRAMES,
  type FrameSampling,
  type TimeRange,
} from '../media/frame-sampling.js';
import { type PageRange, parsePageRange } from '../media/page-range.js';
import { type Detail, DETAILS } from '../vision/plan-tiles.js';
import {
  type CommandContext,
  configurationFor,
  createJsonOption,
  createModelOption,
  createStreamOption,
} from './command-context.js';
import type { Delivery } from './print-texts.js';

/** Options that say what of an image or video the model sees. */
export interface SamplingOptions {
  readonly detail: Detail;
  readonly frames?: string;
  readonly fps?: string;
  readonly start?: string;
  readonly end?: string;
  readonly sampling: FrameSampling['mode'];
}

/** Options of `caption` and `ask`, before they are parsed. */
export interface MediaOptions extends SamplingOptions {
  readonly model?: string;
  readonly json?: true;
  readonly stream?: true;
  readonly page?: string;
  readonly pages?: string;
}

const MIN_FRAMES_PER_SECOND = 0.001;

/** Adds the options that `caption` and `ask` have in common. */
export function addMediaOptions(command: Command): Command {
  return addSamplingOptions(command)
    .addOption(createModelOption())
    .addOption(createJsonOption())
    .addOption(createStreamOption());
}

export function addSamplingOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--detail <detail>',
        'tiles of an image: 1 (low), up to 5 (auto), or the maximum of the model (high)',
      )
        .choices(DETAILS)
        .default('auto'),
    )
    .option('--page <number>', 'page of a PDF or TIFF file, counted from 1')
    .option('--pages <range>', 'pages of a PDF or TIFF file, such as 2-4: each is an image')
    .option(
      '--frames <count>',
      `frames of a video or an animation, 1 to ${MAX_SAMPLED_FRAMES} (default: ${DEFAULT_FRAMES})`,
    )
    .option('--fps <rate>', 'frames per second of a video, instead of --frames')
    .option('--start <time>', 'start in a video: seconds or HH:MM:SS')
    .option('--end <time>', 'end in a video: seconds or HH:MM:SS')
    .addOption(
      new Option('--sampling <mode>', 'frames at even intervals, or the middle frame of each shot')
        .choices(['uniform', 'scene'])
        .default('uniform'),
    );
}

/** Parses the options of `addMediaOptions`. @throws INVALID_PARAMETER */
export function readMediaOptions(
  options: MediaOptions,
  output: string,
  { terminal }: CommandContext,
): {
  detail: Detail;
  pages: PageRange | undefined;
  sampling: FrameSampling;
  animations: AnimationUse;
  delivery: Delivery;
  configuration: Configuration;
} {
  if (options.stream && output !== 'text') {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      '--stream works for text only. Leave it out with --json or --format.',
    );
  }
  return {
    detail: options.detail,
    pages: parsePages(options),
    sampling: parseSampling(options),
    animations: chooseAnimationUse(options),
    delivery: (options.stream ?? terminal.isTTY) ? 'stream' : 'whole',
    // The limits of the service protect it from its clients. Here the files are the user's own.
    configuration: { ...configurationFor(options), imagePixels: MAX_IMAGE_PIXELS },
  };
}

/** Parses the page options. @throws INVALID_PARAMETER */
function parsePages({ page, pages }: Pick<MediaOptions, 'page' | 'pages'>): PageRange | undefined {
  if (page !== undefined && pages !== undefined) {
    throw new SalamandraError('INVALID_PARAMETER', 'Use either --page or --pages, not both.');
  }
  if (page !== undefined) {
    const first = parseInteger('--page', page, 1, MAX_DOCUMENT_PAGES);
    return { first, last: first };
  }
  if (pages === undefined) return undefined;
  const range = parsePageRange(pages);
  if (range) return range;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `--pages must be a page or a range such as 2-4, up to page ${MAX_DOCUMENT_PAGES}, not "${pages}".`,
  );
}

/** Whoever names frames or times of an animation asks for a clip. */
function chooseAnimationUse({
  frames,
  fps,
  start,
  end,
  sampling,
}: Omit<SamplingOptions, 'detail'>): AnimationUse {
  const isAsked = [frames, fps, start, end].some((option) => option !== undefined);
  return isAsked || sampling === 'scene' ? 'clip' : 'still';
}

/** Parses the frame options. @throws INVALID_PARAMETER */
export function parseSampling({
  frames,
  fps,
  start,
  end,
  sampling,
}: Omit<SamplingOptions, 'detail'>): FrameSampling {
  if (frames !== undefined && fps !== undefined) {
    throw new SalamandraError('INVALID_PARAMETER', 'Use either --frames or --fps, not both.');
  }
  const range = parseRange(start, end);
  return {
    mode: sampling,
    frames:
      fps === undefined
        ? {
            count: parseInteger(
              '--frames',
              frames ?? String(DEFAULT_FRAMES),
              1,
              MAX_SAMPLED_FRAMES,
            ),
          }
        : { perSecond: parseNumber('--fps', fps, MIN_FRAMES_PER_SECOND, MAX_FRAMES_PER_SECOND) },
    ...(range && { range }),
  };
}

function parseRange(start: string | undefined, end: string | undefined): TimeRange | undefined {
  if (start === undefined && end === undefined) return undefined;
  const startSeconds = start === undefined ? 0 : parseTime('--start', start);
  const endSeconds = end === undefined ? null : parseTime('--end', end);
  if (endSeconds !== null && endSeconds <= startSeconds) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `--end ${end ?? ''} must be later than --start ${start ?? '0'}.`,
    );
  }
  return { startSeconds, endSeconds };
}

/** Parses seconds, MM:SS or HH:MM:SS, each with an optional fraction. */
function parseTime(option: string, text: string): number {
  const [, hours = '0', minutes = '0', seconds] =
    /^(?:(?:(\d{1,3}):)?([0-5]?\d):(?=[0-5]?\d(?:\.|$)))?(\d{1,6}(?:\.\d{1,9})?)$/.exec(text) ?? [];
  const total = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  if (seconds !== undefined && total <= MAX_VIDEO_SECONDS) return total;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `${option} must be seconds or HH:MM:SS, not "${text}".`,
    {
      details: { max_seconds: MAX_VIDEO_SECONDS },
    },
  );
}

/** Parses a decimal number from `min` to `max`. @throws INVALID_PARAMETER naming the option. */
export function parseNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `${option} must be a number from ${min} to ${max}, not "${text}".`,
  );
}
