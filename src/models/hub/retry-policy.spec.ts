import { SalamandraError } from '../../errors/salamandra-error.js';
import { TransientFailure } from './hub-errors.js';
import { HUB_POLICY, withRetries } from './retry-policy.js';

const POLICY = { ...HUB_POLICY, maxFailures: 3, firstPauseMs: 4, maxPauseMs: 8 };
const OUTCOME = new SalamandraError('HUB_UNAVAILABLE', 'Gone.');

function failure(retryAfterMs: number | null = null): TransientFailure {
  return new TransientFailure('hub-broken', OUTCOME, retryAfterMs);
}

describe('withRetries', () => {
  const never = new AbortController().signal;
  let pauses: number[];
  const onPause = (_: string, milliseconds: number) => void pauses.push(milliseconds);
  beforeEach(() => {
    pauses = [];
  });

  it('tries again until it works', async () => {
    let attempts = 0;
    const attempt = () => (++attempts < 4 ? Promise.reject(failure()) : Promise.resolve('done'));

    expect(await withRetries(attempt, POLICY, onPause, never)).toBe('done');
    expect(attempts).toBe(4);
  });

  it('doubles its pauses up to the longest, and takes at most half of each away', async () => {
    const policy = { ...POLICY, maxFailures: 5 };
    await withRetries(() => Promise.reject(failure()), policy, onPause, never).catch(() => null);

    expect(pauses).toHaveLength(5);
    [4, 8, 8, 8, 8].forEach((most, index) => {
      expect(pauses[index]).toBeLessThanOrEqual(most);
      expect(pauses[index]).toBeGreaterThanOrEqual(most / 2);
    });
  });

  it('gives up with the outcome after too many failures in a row', async () => {
    let attempts = 0;
    const attempt = () => {
      attempts += 1;
      return Promise.reject(failure());
    };

    await expect(withRetries(attempt, POLICY, onPause, never)).rejects.toBe(OUTCOME);
    expect(attempts).toBe(4);
  });

  it('counts from the start when bytes came in between', async () => {
    let attempts = 0;
    const attempt = (onBytes: () => void) => {
      attempts += 1;
      onBytes();
      return attempts < 20 ? Promise.reject(failure()) : Promise.resolve(attempts);
    };

    expect(await withRetries(attempt, POLICY, onPause, never)).toBe(20);
  });

  it('waits as long as it is asked to, unless that is too long', async () => {
    let attempts = 0;
    const attempt = () => (++attempts === 1 ? Promise.reject(failure(15)) : Promise.resolve(null));
    await withRetries(attempt, POLICY, onPause, never);
    expect(pauses).toEqual([15]);

    const tooLong = () => Promise.reject(failure(POLICY.maxRetryAfterMs + 1));
    await expect(withRetries(tooLong, POLICY, onPause, never)).rejects.toBe(OUTCOME);
    expect(pauses).toHaveLength(1);
  });

  it('throws at once what will not pass', async () => {
    const final = new SalamandraError('FORBIDDEN', 'No.');
    await expect(withRetries(() => Promise.reject(final), POLICY, onPause, never)).rejects.toBe(
      final,
    );
    expect(pauses).toEqual([]);
  });

  it('ends in the middle of a pause when it is told to', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const attempt = () => Promise.reject(failure(POLICY.maxRetryAfterMs));
    const waiting = withRetries(attempt, POLICY, () => stop.abort(reason), stop.signal);

    await expect(waiting).rejects.toBe(reason);
  });
});
