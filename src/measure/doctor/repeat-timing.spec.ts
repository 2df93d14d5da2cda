import { MAX_SLOWDOWN, timeRepeatedly } from './repeat-timing.js';

const POLICY = { usual: { calls: 5, ms: 1_000 }, most: { calls: 9, ms: 5_000 } };

/** Times calls that take these milliseconds, then the last one again and again. */
async function time(...durations: number[]) {
  let clock = 0;
  let calls = 0;
  const call = () => {
    clock += durations[Math.min(calls, durations.length - 1)]!;
    calls += 1;
    return Promise.resolve();
  };
  const prepare = () => {
    clock += 1_000_000;
  };
  const timing = await timeRepeatedly(call, POLICY, prepare, () => clock);
  return { ...timing, calls };
}

describe('timeRepeatedly', () => {
  it('keeps the fastest of the usual calls', async () => {
    expect(await time(11, 10, 10.5, 12, 10)).toEqual({ ms: 10, slowdown: 1.05, calls: 5 });
  });

  it('calls more often while the times differ, and keeps the fastest of all', async () => {
    const { ms, slowdown, calls } = await time(30, 20, 28, 40, 30, 30, 10, 30);

    expect([ms, calls]).toEqual([10, 9]);
    expect(slowdown).toBeGreaterThan(MAX_SLOWDOWN);
  });

  it('stops when the times agree again', async () => {
    // The medians of the first five, six and seven calls are 30, 20 and 10.
    expect(await time(10, 30, 30, 30, 10, 10)).toMatchObject({ ms: 10, slowdown: 1, calls: 7 });
  });

  it('limits the time as well as the calls', async () => {
    expect(await time(600)).toMatchObject({ ms: 600, slowdown: 1, calls: 2 });
    expect(await time(1_000)).toMatchObject({ calls: 1 });
    expect(await time(500, 2_000, 2_000)).toMatchObject({ ms: 500, calls: 4 });
  });
});
