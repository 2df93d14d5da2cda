import {
  recommendPrecision,
  type PrecisionChoice,
  recommendThreads,
  SERVED_PRECISIONS,
  threadCounts,
} from './recommendations.js';

const GB = 1e9;

/** A model of 7 billion weights: memory by precision, and the measured times. */
function choices(times: Partial<Record<PrecisionChoice['precision'], number>>): PrecisionChoice[] {
  const memory = { int8: 9, mixed: 12, int4: 5 } as const;
  return (['int4', 'mixed', 'int8'] as const).map((precision) => ({
    precision,
    memoryBytes: memory[precision] * GB,
    requestMs: times[precision] ?? null,
  }));
}

const fast = (usable: number) => ({ usableBytes: usable * GB, hasFastInt8: true });

describe('recommendPrecision', () => {
  it('takes the fastest measured precision that fits', () => {
    const measured = choices({ mixed: 200, int8: 500, int4: 300 });

    expect(recommendPrecision(measured, fast(12)).precision).toBe('int4');
    expect(recommendPrecision(measured, fast(64)).precision).toBe('mixed');
  });

  it('takes the more exact of two equally fast precisions', () => {
    const { precision, reasons } = recommendPrecision(choices({ int8: 305, int4: 300 }), fast(16));

    expect(precision).toBe('int8');
    expect(reasons.join()).toContain('more exact');
  });

  it.each([
    [16, true, 'mixed'],
    [16, null, 'mixed'],
    [16, false, 'int4'],
    [8, true, 'int4'],
    [3, true, 'int4'],
  ])('applies rules in %d GB, int8 instructions: %j', (usable, hasFastInt8, expected) => {
    const circumstances = { usableBytes: usable * GB, hasFastInt8 };

    expect(recommendPrecision(choices({ int8: 500 }), circumstances).precision).toBe(expected);
  });

  it('never recommends fp32', () => {
    expect(SERVED_PRECISIONS).not.toContain('fp32');
  });

  it('says that even the smallest precision does not fit', () => {
    expect(recommendPrecision(choices({}), fast(3)).reasons.join()).toContain('does not fit');
  });

  it('recommends int8 for small models', () => {
    const small = choices({}).map((one) => ({ ...one, memoryBytes: one.memoryBytes / 100 }));

    expect(recommendPrecision(small, fast(16)).precision).toBe('int8');
  });
});

describe('threadCounts', () => {
  const machine = (
    logicalCores: number,
    physicalCores: number | null,
    coreLimit: number | null,
  ) => ({ logicalCores, coreLimit, facts: { instructionSets: [], physicalCores } });
  const unknown = (logicalCores: number) => ({ logicalCores, coreLimit: null, facts: null });

  it.each([
    ['physical cores and hyper-threads', machine(16, 8, null), 16, [8, 16]],
    ['the configured number as well', machine(16, 8, null), 12, [8, 12, 16]],
    ['each number once', machine(8, 8, null), 8, [8]],
    ['each number once on two cores', machine(2, 2, null), 2, [2]],
    ['the whole cores of a container', machine(16, 8, 4.5), 4, [4]],
    ['a configured number above the limit of a container', machine(16, 8, 4), 16, [4, 16]],
    ['one thread if a container has less than one core', machine(16, 8, 0.5), 1, [1]],
    ['one thread and the configured number', machine(4, 2, 0.5), 2, [1, 2]],
    ['hyper-threads if the physical cores are unknown', machine(6, null, null), 2, [2, 6]],
    ['hyper-threads if /proc/cpuinfo is missing', unknown(4), 1, [1, 4]],
    ['numbers in ascending order', unknown(8), 3, [3, 8]],
  ])('measures %s', (_, one, configured, counts) => {
    expect(threadCounts(one, configured)).toEqual(counts);
  });
});

describe('recommendThreads', () => {
  it('recommends the fastest number', () => {
    const measured = [
      { threads: 4, requestMs: 200 },
      { threads: 8, requestMs: 100 },
      { threads: 16, requestMs: 150 },
    ];

    expect(recommendThreads(measured)).toBe(8);
  });

  it.each([103, 110])('recommends fewer threads that are at most 10 %% slower: %d ms', (ms) => {
    const measured = [
      { threads: 16, requestMs: 100 },
      { threads: 8, requestMs: ms },
      { threads: 4, requestMs: 111 },
    ];

    expect(recommendThreads(measured)).toBe(8);
  });
});
