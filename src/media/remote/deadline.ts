/** The clocks of one request, joined with the caller's signal. */
export interface Deadline {
  /** Aborts when a clock runs out or the caller's signal aborts. */
  readonly signal: AbortSignal;
  /** Starts a phase: from now on, this long. */
  restart(milliseconds: number): void;
  /** From now on every window must bring the bytes. @returns what to tell of each arrival. */
  demandBytes(bytesPerWindow: number, windowMs: number): (bytes: number) => void;
  /** Ends the clocks. */
  stop(): void;
}

/** The clocks run from the first `restart` to `stop`. */
export function createDeadline(signal: AbortSignal): Deadline {
  const time = new AbortController();
  let phase: NodeJS.Timeout | undefined;
  let windows: NodeJS.Timeout | undefined;
  return {
    signal: AbortSignal.any([signal, time.signal]),
    restart: (milliseconds) => {
      clearTimeout(phase);
      phase = setTimeout(() => time.abort(), milliseconds);
    },
    demandBytes: (bytesPerWindow, windowMs) => {
      let arrived = 0;
      windows = setInterval(() => {
        if (arrived < bytesPerWindow) time.abort();
        arrived = 0;
      }, windowMs);
      return (bytes) => {
        arrived += bytes;
      };
    },
    stop: () => {
      clearTimeout(phase);
      clearInterval(windows);
    },
  };
}
