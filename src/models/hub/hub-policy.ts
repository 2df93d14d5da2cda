/** How a hub is asked: how much at once, how long it may be silent, and how often it is asked again. */
export interface HubPolicy {
  /** Requests at a time for one file. */
  readonly connections: number;
  /** A file is fetched in parts of this size, each with one request. */
  readonly partBytes: number;
  /** A response that brings fewer bytes than this in a window has stalled. */
  readonly minWindowBytes: number;
  readonly windowMs: number;
  /** Failures in a row, without a byte in between, after which a request is given up. */
  readonly maxFailures: number;
  /** The pause after the first failure; it doubles with each. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** The longest pause that a hub may ask for. */
  readonly maxRetryAfterMs: number;
}

/** The policy of the command line. */
export const HUB_POLICY: HubPolicy = {
  // Content networks limit one connection to a few ten MB/s; more than four bring little and look like an attack.
  connections: 4,
  // Eighty requests for the largest shard that is published; what a break costs does not depend on it.
  partBytes: 64 << 20,
  // Slower than any modem: the connection is dead, or somebody holds it open.
  minWindowBytes: 4_096,
  windowMs: 30_000,
  // With the pauses about two minutes: a router restarts in that time.
  maxFailures: 7,
  firstPauseMs: 1_000,
  maxPauseMs: 60_000,
  // Hugging Face counts requests in windows of five minutes.
  maxRetryAfterMs: 600_000,
};
