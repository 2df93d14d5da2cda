import { randomBytes } from 'node:crypto';

import { REFERENCE_NITS } from './tone-map.js';

/** A frame as logged by ffmpeg's `showinfo` filter. */
export interface LoggedFrame {
  /** Timestamp on the container's clock, or of the clock that filters before this one have set. */
  readonly containerSeconds: number;
  readonly width: number;
  readonly height: number;
}

/** File properties that ffmpeg logs before the first frame. */
interface LoggedHeader {
  readonly durationSeconds: number | null;
  /** The container's clock at the start of the video. */
  readonly startSeconds: number;
  /** Frames per second. */
  readonly frameRate: number | null;
}

export interface LogParser {
  /** Must be the last video filter: it makes ffmpeg log each frame under a random name that no file can forge. */
  readonly filter: string;
  /**
   * A filter for chains that select frames and set their timestamps: logs the frames before the selection, under
   * another random name.
   */
  readonly sourceFilter: string;
  readonly addLine: (line: string) => void;
  /** Marks the end of the log. */
  readonly end: () => void;
  /** The next logged frame, or undefined after the end of the log. */
  readonly nextFrame: () => Promise<LoggedFrame | undefined>;
  /** Timestamps that `sourceFilter` has logged so far, on the container's clock. */
  readonly sourceSeconds: () => readonly number[];
  /** The highest luminance that the frames state, in units of REFERENCE_NITS; undefined if they state none. */
  readonly peak: () => number | undefined;
  readonly header: () => LoggedHeader;
  /** The last LOG_LINES lines without indented ones, which describe the file. For errors. */
  readonly recentLines: () => string;
}

const LOG_LINES = 50;

const CONFIGURATION = /^config in time_base: (\d+)\/(\d+), frame_rate: (\d+)\/(\d+)/;
const FRAME = /^n: *\d+ pts: *(-?\d+|NOPTS) .*? s:(\d+)x(\d+) /;
const MAX_CONTENT_LIGHT = /MaxCLL=(\d+)/;
const MAX_MASTERING = /max_luminance[=:] ?(\d+(?:\.\d+)?)/;
const DURATION =
  /^ {2}Duration: (?:N\/A|(\d{1,6}):(\d\d):(\d\d\.\d{1,9}))(?:, start: (-?\d{1,9}\.\d{1,9}))?/;

/**
 * Parses ffmpeg's log line by line. Timestamps are parsed as ticks, because the log prints seconds with six significant
 * digits, which is coarser than a frame after one hour.
 *
 * ffmpeg prints metadata of the file with its line breaks, so the file's author can forge any line. Therefore frames
 * are logged under a random name, and the duration comes from the first line that has one, which precedes all metadata.
 * A forged line can only change the text of the error for that file.
 */
export function createLogParser(): LogParser {
  const name = `showinfo@${randomBytes(16).toString('hex')}`;
  const sourceName = `showinfo@${randomBytes(16).toString('hex')}`;
  const frames: LoggedFrame[] = [];
  const sources: number[] = [];
  const lines: string[] = [];
  let header: LoggedHeader = { durationSeconds: null, startSeconds: 0, frameRate: null };
  let hasDuration = false;
  let peak: number | undefined;
  let state: 'open' | 'ended' = 'open';
  let wake: () => void = () => undefined;

  function setRate(frameRate: number | null): void {
    header = { ...header, frameRate };
  }
  const parseFrame = createFrameParser(name, setRate);
  const parseSource = createFrameParser(sourceName, () => undefined);

  function add(line: string): void {
    const frame = parseFrame(line);
    if (frame) {
      frames.push(frame);
      wake();
      return;
    }
    const source = parseSource(line);
    if (source) {
      sources.push(source.containerSeconds);
      return;
    }
    const message = filterMessage(sourceName, line);
    const nits = Number((MAX_CONTENT_LIGHT.exec(message) ?? MAX_MASTERING.exec(message))?.[1] ?? 0);
    // The brightest pixel of the content comes before the brightest of the display on which it was graded.
    if (nits > 0 && (peak === undefined || MAX_CONTENT_LIGHT.test(message))) {
      peak = nits / REFERENCE_NITS;
    }
    const duration = DURATION.exec(line);
    if (duration && !hasDuration) {
      hasDuration = true;
      const [, hours, minutes, seconds, start] = duration;
      const durationSeconds =
        hours === undefined ? null : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
      header = { ...header, durationSeconds, startSeconds: Number(start ?? 0) };
    }
    // Both filters also log side data of each frame, which would displace the errors.
    if (!line.startsWith(' ') && !line.startsWith('[showinfo@')) {
      lines.push(line);
      if (lines.length > LOG_LINES) lines.shift();
    }
  }

  async function nextFrame(): Promise<LoggedFrame | undefined> {
    while (frames.length === 0 && state === 'open') {
      await new Promise<void>((resolve) => (wake = resolve));
    }
    return frames.shift();
  }

  return {
    filter: `${name}=checksum=0`,
    sourceFilter: `${sourceName}=checksum=0`,
    addLine: add,
    nextFrame,
    end() {
      state = 'ended';
      wake();
    },
    sourceSeconds: () => sources,
    peak: () => peak,
    header: () => header,
    recentLines: () => lines.join('\n'),
  };
}

/** Parses the lines of one `showinfo` filter; `null` for other lines and those without a frame. */
function createFrameParser(
  name: string,
  onRate: (frameRate: number | null) => void,
): (line: string) => LoggedFrame | null {
  let secondsPerTick = 0;
  let previousSeconds = 0;
  return (line) => {
    const message = filterMessage(name, line);
    const configuration = CONFIGURATION.exec(message);
    if (configuration) {
      const [, numerator, denominator, rate, rateBase] = configuration.map(Number);
      secondsPerTick = (numerator ?? 0) / (denominator ?? 1);
      onRate(toRate(rate, rateBase));
    }
    const frame = FRAME.exec(message);
    if (!frame) return null;
    // A frame without a timestamp gets the timestamp of the previous one.
    if (frame[1] !== 'NOPTS') previousSeconds = Number(frame[1]) * secondsPerTick;
    const [width, height] = [Number(frame[2]), Number(frame[3])];
    return { containerSeconds: previousSeconds, width, height };
  };
}

/** The message of a log line by this filter; empty for all other lines. */
function filterMessage(name: string, line: string): string {
  if (!line.startsWith(`[${name} @ `)) return '';
  return line.slice(line.indexOf('] ') + 2);
}

/** Frames per second; `null` if the rate is not in (0, MAX_FRAME_RATE]. */
export function toRate(numerator = 0, denominator = 0): number | null {
  const rate = numerator / denominator;
  return rate > 0 && rate <= MAX_FRAME_RATE ? rate : null;
}

/** Frames per second. Higher than high-speed cameras; some containers store clock ticks as the rate. */
const MAX_FRAME_RATE = 1_000;
