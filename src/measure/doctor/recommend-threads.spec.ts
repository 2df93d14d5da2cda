import { recommendThreads, threadCounts } from './recommend-threads.js';

const machine = (logicalCores: number, physicalCores: number | null, coreLimit: number | null) => ({
  ...{ logicalCores, coreLimit },
  facts: { instructionSets: [], physicalCores },
});

describe('threadCounts', () => {
  it.each([
    ['cores, hyper-threads and the configured number', machine(16, 8, null), 12, [8, 12, 16]],
    ['each number once', machine(8, 8, null), 8, [8]],
    ['no more than a container may use', machine(16, 8, 4.5), 4, [4]],
    ['hyper-threads where the cores are unknown', machine(6, null, null), 2, [2, 6]],
    ['one thread where a container may use less than a core', machine(4, 2, 0.5), 2, [1, 2]],
  ])('tries %s', (_, on, configured, expected) => {
    expect(threadCounts(on, configured)).toEqual(expected);
  });

  it('tries hyper-threads on a system that says nothing of its processor', () => {
    expect(threadCounts({ logicalCores: 4, coreLimit: null, facts: null }, 1)).toEqual([1, 4]);
  });
});

describe('recommendThreads', () => {
  it('takes the fastest', () => {
    expect(
      recommendThreads([
        { threads: 4, requestMs: 200 },
        { threads: 8, requestMs: 100 },
        { threads: 16, requestMs: 150 },
      ]),
    ).toBe(8);
  });

  it('takes fewer threads that are at most 10 % slower', () => {
    const measured = [
      { threads: 16, requestMs: 100 },
      { threads: 8, requestMs: 110 },
      { threads: 4, requestMs: 111 },
    ];

    expect(recommendThreads(measured)).toBe(8);
  });
});
