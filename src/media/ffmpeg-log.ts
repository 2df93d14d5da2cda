import { randomBytes } from 'node:crypto';

/** What ffmpeg's `showinfo` filter says of a frame. */
export interface LoggedFrame {
  /** Seconds in the container's own count. */
  readonly containerSeconds: number;
  readonly width: number;
  readonly height: number;
}

/** What ffmpeg says of a file before it reads frames. */
interface LoggedHeader {
  readonly durationSeconds: number | null;
  readonly startSeconds: number;
  readonly frameRate: number | null;
}

export interface LogParser {
  /** The filter to run last: it makes ffmpeg log each frame under a name that no file can know. */
  readonly filter: string;
  readonly add: (line: string) => void;
  /** No more lines will come. */
  readonly end: () => void;
  /** The next frame that the log names, or undefined when it has ended. */
  readonly nextFrame: () => Promise<LoggedFrame | undefined>;
  readonly header: () => LoggedHeader;
  /** The latest lines that are ffmpeg's own words. */
  readonly text: () => string;
}

/** Lines kept for the diagnosis. */
const KEPT_LINES = 50;

const CONFIGURATION = /^config in time_base: (\d+)\/(\d+), frame_rate: (\d+)\/(\d+)/;
const FRAME = /^n: *\d+ pts: *(-?\d+|NOPTS) .*? s:(\d+)x(\d+) /;
const DURATION =
  /^ {2}Duration: (?:N\/A|(\d{1,6}):(\d\d):(\d\d\.\d{1,9}))(?:, start: (-?\d{1,9}\.\d{1,9}))?/;

/**
 * Reads ffmpeg's log line by line. Times are taken as ticks: the log writes seconds with six digits, which is less than
 * a frame after an hour.
 *
 * ffmpeg prints some of a file's texts with their line breaks, so any line may be the file's author's. Frames are
 * therefore logged under a random name, and the length is taken from the first line that gives one, which comes before all
 * such texts. What is left to a forger is the wording of the diagnosis of his own file.
 */
export function createLogParser(): LogParser {
  const name = `showinfo@${randomBytes(16).toString('hex')}`;
  const frames: LoggedFrame[] = [];
  const kept: string[] = [];
  let secondsPerTick = 0;
  let previousSeconds = 0;
  let header: LoggedHeader = { durationSeconds: null, startSeconds: 0, frameRate: null };
  let hasDuration = false;
  let state: 'open' | 'ended' = 'open';
  let wake: () => void = () => undefined;

  function add(line: string): void {
    const ofFrames = takeWordsOf(name, line);
    const frame = FRAME.exec(ofFrames);
    if (frame) {
      // A frame without a time is shown after the one before it.
      if (frame[1] !== 'NOPTS') previousSeconds = Number(frame[1]) * secondsPerTick;
      const [width, height] = [Number(frame[2]), Number(frame[3])];
      frames.push({ containerSeconds: previousSeconds, width, height });
      wake();
      return;
    }
    const configuration = CONFIGURATION.exec(ofFrames);
    if (configuration) {
      const [, numerator, denominator, rate, rateBase] = configuration.map(Number);
      secondsPerTick = (numerator ?? 0) / (denominator ?? 1);
      header = { ...header, frameRate: toRate(rate, rateBase) };
      return;
    }
    const duration = DURATION.exec(line);
    if (duration && !hasDuration) {
      hasDuration = true;
      const [, hours, minutes, seconds, start] = duration;
      const durationSeconds =
        hours === undefined ? null : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
      header = { ...header, durationSeconds, startSeconds: Number(start ?? 0) };
    }
    if (!line.startsWith(' ')) {
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
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
    add,
    nextFrame,
    end() {
      state = 'ended';
      wake();
    },
    header: () => header,
    text: () => kept.join('\n'),
  };
}

/** What a filter says in a line of the log; empty for lines of others. */
function takeWordsOf(name: string, line: string): string {
  if (!line.startsWith(`[${name} @ `)) return '';
  return line.slice(line.indexOf('] ') + 2);
}

/** Frames a second, or null where the file names no honest number. */
export function toRate(numerator = 0, denominator = 0): number | null {
  const rate = numerator / denominator;
  return rate > 0 && rate <= MAX_FRAME_RATE ? rate : null;
}

/** Above high-speed cameras; some containers put their clock's ticks in place of a rate. */
const MAX_FRAME_RATE = 1_000;
