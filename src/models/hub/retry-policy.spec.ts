import { SalamandraError } from '../../errors/salamandra-error.js';
import { TransientFailure } from './hub-errors.js';
import { HUB_POLICY, withRetries } from './retry-policy.js';

const POLICY = { ...HUB_POLICY, maxFailures: 3, firstPauseMs: 4, maxPauseMs: 8 };
const OUTCOME = new SalamandraError('HUB_UNAVAILABLE', 'Gone.');

function failure(retryAfterMs: number | null = null): TransientFailure {
  return new TransientFailure('hub-broken', OUTCOME, retryAfterMs);
}

function busy(retryAfterMs: number | null = null): TransientFailure {
  return new TransientFailure('hub-busy', OUTCOME, retryAfterMs);
}

describe('withRetries', () => {
  const never = new AbortController().signal;
  let pauses: number[];
  const onPause = (_: string, milliseconds: number) => void pauses.push(milliseconds);
  beforeEach(() => {
    pauses = [];
  });

  it('retries until success', async () => {
    let attempts = 0;
    const attempt = () => (++attempts < 4 ? Promise.reject(failure()) : Promise.resolve('done'));

    expect(await withRetries(attempt, POLICY, onPause, never)).toBe('done');
    expect(attempts).toBe(4);
  });

  it('doubles the pauses up to the limit, with at most 50 % jitter', async () => {
    const policy = { ...POLICY, maxFailures: 5 };
    await withRetries(() => Promise.reject(failure()), policy, onPause, never).catch(() => null);

    expect(pauses).toHaveLength(5);
    [4, 8, 8, 8, 8].forEach((most, index) => {
      expect(pauses[index]).toBeLessThanOrEqual(most);
      expect(pauses[index]).toBeGreaterThanOrEqual(most / 2);
    });
  });

  it('throws the outcome after too many consecutive failures', async () => {
    let attempts = 0;
    const attempt = () => {
      attempts += 1;
      return Promise.reject(failure());
    };

    await expect(withRetries(attempt, POLICY, onPause, never)).rejects.toBe(OUTCOME);
    expect(attempts).toBe(4);
  });

  it('resets the failure count after received bytes', async () => {
    let attempts = 0;
    const attempt = (onBytes: () => void) => {
      attempts += 1;
      onBytes();
      return attempts < 20 ? Promise.reject(failure()) : Promise.resolve(attempts);
    };

    expect(await withRetries(attempt, POLICY, onPause, never)).toBe(20);
  });

  it('waits for Retry-After unless it exceeds the limit', async () => {
    let attempts = 0;
    const attempt = () => (++attempts === 1 ? Promise.reject(failure(15)) : Promise.resolve(null));
    await withRetries(attempt, POLICY, onPause, never);
    expect(pauses).toEqual([15]);

    const tooLong = () => Promise.reject(failure(POLICY.maxBusyMs + 1));
    await expect(withRetries(tooLong, POLICY, onPause, never)).rejects.toBe(OUTCOME);
    expect(pauses).toHaveLength(1);
  });

  it('does not count rate limits as failures', async () => {
    let attempts = 0;
    const attempt = () =>
      ++attempts <= 2 * POLICY.maxFailures ? Promise.reject(busy(1)) : Promise.resolve('done');
    expect(await withRetries(attempt, POLICY, onPause, never)).toBe('done');
    expect(pauses).toEqual(Array.from({ length: 2 * POLICY.maxFailures }, () => 1));
  });

  it('gives up when the pauses of a busy hub exceed the limit together', async () => {
    const policy = { ...POLICY, maxBusyMs: 25 };
    const attempt = () => Promise.reject(busy(10));
    await expect(withRetries(attempt, policy, onPause, never)).rejects.toBe(OUTCOME);
    expect(pauses).toEqual([10, 10]);
  });

  it('waits with backoff if a busy hub names no delay', async () => {
    const policy = { ...POLICY, maxBusyMs: 50 };
    await withRetries(() => Promise.reject(busy()), policy, onPause, never).catch(() => null);
    expect(pauses.length).toBeGreaterThan(POLICY.maxFailures);
    pauses.forEach((pause) => expect(pause).toBeLessThanOrEqual(POLICY.maxPauseMs));
  });

  it('throws permanent errors at once', async () => {
    const final = new SalamandraError('FORBIDDEN', 'No.');
    await expect(withRetries(() => Promise.reject(final), POLICY, onPause, never)).rejects.toBe(
      final,
    );
    expect(pauses).toEqual([]);
  });

  it('stops during a pause when aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const attempt = () => Promise.reject(failure(POLICY.maxBusyMs));
    const waiting = withRetries(attempt, POLICY, () => stop.abort(reason), stop.signal);

    await expect(waiting).rejects.toBe(reason);
  });
});
