import { isDisturbed, type ProcessorTimes, watchOtherPrograms } from './disturbance.js';

describe('isDisturbed', () => {
  it.each([
    ['an idle machine', { slowdown: 1.05, otherCores: 0.1 }, 4, 4, false],
    ['times that differ', { slowdown: 1.4, otherCores: 0.1 }, 4, 4, true],
    ['a busy core of few', { slowdown: 1.05, otherCores: 1 }, 2, 2, true],
    ['a busy core of many', { slowdown: 1.05, otherCores: 1 }, 16, 16, false],
    ['four busy cores of many', { slowdown: 1.05, otherCores: 4 }, 16, 16, true],
    [
      'programs on cores that the measurement left free',
      { slowdown: 1, otherCores: 3 },
      4,
      8,
      false,
    ],
    ['more programs than free cores', { slowdown: 1, otherCores: 6 }, 4, 8, true],
  ])('on %s', (_, disturbance, threads, logicalCores, expected) => {
    expect(isDisturbed(disturbance, threads, logicalCores)).toBe(expected);
  });
});

describe('watchOtherPrograms', () => {
  const watch = (start: ProcessorTimes, end: ProcessorTimes) => {
    const times = [start, end];
    return watchOtherPrograms(() => times.shift()!).otherCores();
  };
  const START = { wallMs: 100, busyMs: 50_000, ownMs: 30 };

  it('subtracts the own processor time', () => {
    expect(watch(START, { wallMs: 1_100, busyMs: 53_000, ownMs: 2_030 })).toBe(1);
  });

  it('is never negative, and 0 without elapsed time', () => {
    expect(watch(START, { wallMs: 1_100, busyMs: 50_900, ownMs: 1_030 })).toBe(0);
    expect(watch(START, START)).toBe(0);
  });

  it('reads the clocks of this machine', async () => {
    const { otherCores } = watchOtherPrograms();
    const end = performance.now() + 50;
    while (performance.now() < end);
    await Promise.resolve();

    expect(otherCores()).toBeGreaterThanOrEqual(0);
    expect(otherCores()).toBeLessThan(1_000);
  });
});
