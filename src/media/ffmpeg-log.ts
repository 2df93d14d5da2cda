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

const CONFIGURATION =
  /^\[Parsed_showinfo\S* @ \S+\] config in time_base: (\d+)\/(\d+), frame_rate: (\d+)\/(\d+)/;
const FRAME = /^\[Parsed_showinfo\S* @ \S+\] n: *\d+ pts: *(-?\d+|NOPTS) .*? s:(\d+)x(\d+) /;
const DURATION = /^ {2}Duration: (?:N\/A|(\d+):(\d\d):(\d\d\.\d+))(?:, start: (-?\d+\.\d+))?/;

/**
 * Reads ffmpeg's log line by line. Times are taken as ticks: the log writes seconds with six digits, which is less than
 * a frame after an hour. Text of the file's author cannot pass for a line of the log: it comes indented by four spaces or more.
 */
export function createLogParser(): LogParser {
  const frames: LoggedFrame[] = [];
  const kept: string[] = [];
  let secondsPerTick = 0;
  let previousSeconds = 0;
  let header: LoggedHeader = { durationSeconds: null, startSeconds: 0, frameRate: null };
  let state: 'open' | 'ended' = 'open';
  let wake: () => void = () => undefined;

  function add(line: string): void {
    const frame = FRAME.exec(line);
    if (frame) {
      // A frame without a time is shown after the one before it.
      if (frame[1] !== 'NOPTS') previousSeconds = Number(frame[1]) * secondsPerTick;
      const [width, height] = [Number(frame[2]), Number(frame[3])];
      frames.push({ containerSeconds: previousSeconds, width, height });
      wake();
      return;
    }
    const configuration = CONFIGURATION.exec(line);
    if (configuration) {
      const [, numerator, denominator, rate, rateBase] = configuration.map(Number);
      secondsPerTick = (numerator ?? 0) / (denominator ?? 1);
      header = { ...header, frameRate: toRate(rate, rateBase) };
      return;
    }
    const duration = DURATION.exec(line);
    if (duration) {
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

/** Frames a second, or null where the file names no honest number. */
export function toRate(numerator = 0, denominator = 0): number | null {
  const rate = numerator / denominator;
  return rate > 0 && rate <= MAX_FRAME_RATE ? rate : null;
}

/** Above high-speed cameras; some containers put their clock's ticks in place of a rate. */
const MAX_FRAME_RATE = 1_000;
