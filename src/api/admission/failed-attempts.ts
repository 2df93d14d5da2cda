import { createHash } from 'node:crypto';

import {
  FREE_WRONG_KEYS,
  MAX_WATCHED_ADDRESSES,
  WRONG_KEY_INTERVAL_MS,
} from '../../config/key-limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';

interface Attempts {
  /** The time at which all wrong keys will be forgiven; each adds WRONG_KEY_INTERVAL_MS. */
  forgivenMs: number;
  /** Ids of the secrets that this address used. */
  readonly known: Set<string>;
  /** SHA-256 of the last wrong texts. A client that repeats a revoked key does not guess. */
  wrong: readonly string[];
}

const MAX_WRONG_TEXTS = 16;

/**
 * Slows the guessing of keys by address: after FREE_WRONG_KEYS, one attempt per WRONG_KEY_INTERVAL_MS. Secrets that the
 * address has used before pass at any time, so a guesser does not lock out the others behind its address.
 */
export class FailedAttempts {
  /** The least recently used address is first. */
  private readonly addresses = new Map<string, Attempts>();

  constructor(private readonly now: () => number = Date.now) {}

  /**
   * @param secretId of the key with this text; undefined for a wrong one.
   * @throws RATE_LIMITED if the address has to wait, unless it has sent the same text before
   */
  check(address: string, text: string, secretId: string | undefined): void {
    const attempts = this.addresses.get(address);
    if (!attempts) return;
    if (secretId === undefined ? attempts.wrong.includes(hash(text)) : attempts.known.has(secretId))
      return;
    const waitMs = attempts.forgivenMs - this.now() - (FREE_WRONG_KEYS - 1) * WRONG_KEY_INTERVAL_MS;
    if (waitMs <= 0) return;
    const seconds = Math.ceil(waitMs / 1_000);
    throw new SalamandraError(
      'RATE_LIMITED',
      `Too many wrong API keys from this address. Retry in ${seconds} s.`,
      { details: { retry_after_seconds: seconds } },
    );
  }

  recordWrong(address: string, text: string): void {
    const attempts = this.touch(address);
    const digest = hash(text);
    if (attempts.wrong.includes(digest)) return;
    attempts.wrong = [...attempts.wrong, digest].slice(-MAX_WRONG_TEXTS);
    attempts.forgivenMs = Math.max(attempts.forgivenMs, this.now()) + WRONG_KEY_INTERVAL_MS;
  }

  recordRight(address: string, secretId: string): void {
    this.touch(address).known.add(secretId);
  }

  private touch(address: string): Attempts {
    const attempts: Attempts = this.addresses.get(address) ?? {
      forgivenMs: 0,
      known: new Set<string>(),
      wrong: [],
    };
    this.addresses.delete(address);
    this.addresses.set(address, attempts);
    const [oldest] = this.addresses.keys();
    if (this.addresses.size > MAX_WATCHED_ADDRESSES && oldest !== undefined) {
      this.addresses.delete(oldest);
    }
    return attempts;
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
