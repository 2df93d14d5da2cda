import type { Job } from '../measure/job.js';
import { LIMITS } from '../rows/row.js';
import { chooseRows, ROWS } from '../rows/rows.js';
import { text } from '../rows/text-rows.js';
import { evaluateRows } from './evaluate-rows.js';
import { cellsOf } from './format-table.js';

const service = text('service', '2b', 770);
const [plain, flash] = [false, true].map((flashAttention) =>
  text('llama', '2b', 770, { flashAttention }),
) as [Job, Job];
const run = (job: Job, figures: Record<string, number>) => ({ list: '2b', job, figures });

describe('evaluateRows', () => {
  const runs = [
    ...[400, 500, 480].map((prefillTps) => run(service, { prefillTps, peakBytes: 3e9 })),
    run(plain, { prefillTps: 80, peakBytes: 2e9 }),
    run(flash, { prefillTps: 96, peakBytes: 4e9 }),
    // A run of another session.
    { ...run(service, { prefillTps: 900, peakBytes: 9e9 }), list: 'pictures' },
    run(LIMITS, { int8OperationsPerSecond: 5e11, peakBytes: 1 }),
    run(LIMITS, { int8OperationsPerSecond: 7e11, peakBytes: 1 }),
    run(LIMITS, { int8OperationsPerSecond: 9e11, peakBytes: 1 }),
  ];
  const [row] = evaluateRows(chooseRows(['prefill-770'], false), runs);

  it("compares medians with the better of the peer's two configurations", () => {
    expect(row).toMatchObject({ service: 480, llama: 96, ratio: 5, reached: true });
  });

  it('reports the peak memory of each side', () => {
    expect(row).toMatchObject({ peakBytes: 3e9, peerPeakBytes: 4e9 });
  });

  it('reports a missed target', () => {
    const slower = [...runs, ...Array.from({ length: 5 }, () => run(service, { prefillTps: 470 }))];
    expect(evaluateRows(chooseRows(['prefill-770'], false), slower)[0]!.reached).toBe(false);
  });

  it('judges no target if a measurement failed', () => {
    const withoutPeer = runs.filter(({ job }) => job !== plain && job !== flash);
    const [left] = evaluateRows(chooseRows(['prefill-770'], false), withoutPeer);
    expect(left).toMatchObject({ service: 480, reached: null });
    expect(cellsOf(left!)).toContain('not measured');
  });

  it('divides median speeds by the limits of the machine measured in the same run', () => {
    const perToken = 24 * (4 * 2048 * 2048 + 3 * 2048 * 5440 + 2 * 2048 * 385);
    expect(row!.limit).toBeCloseTo((2 * perToken * 480) / 7e11, 5);
  });
});

describe('chooseRows', () => {
  it('prefers a whole name to a prefix', () => {
    const names = (wanted: string[]) => chooseRows(wanted, false).map(({ name }) => name);
    expect(names(['tiles-1'])).toEqual(['tiles-1']);
    expect(names(['tiles'])).toEqual(['tiles-1', 'tiles-5', 'tiles-10']);
  });

  it('rejects a name that no row has', () => {
    expect(() => chooseRows(['prefil-770'], false)).toThrow(RangeError);
  });

  it('has unique row names', () => {
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
  });
});
