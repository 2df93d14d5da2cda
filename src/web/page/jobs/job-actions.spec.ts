import { changesOf, secondsAfterPilot, waitsAfterPilot } from './job-actions.js';
import type { Job } from './job-types.js';

const job = (change: Partial<Job> = {}, counts: Partial<Job['counts']> = {}): Job => ({
  ...{ id: 'job_1', kind: 'archive', name: 'x', state: 'active', waiting_reason: null },
  ...{ source: { kind: 'folder' }, recipe: null, model: null, pilot: null, is_listed: true },
  counts: { total: 100, queued: 90, active: 0, done: 10, failed: 0, skipped: 0, ...counts },
  ...{ items_per_hour: null, seconds_left: null, created: '2026-01-01T00:00:00Z', finished: null },
  ...change,
});

describe('the changes of a job', () => {
  it.each([
    ['active', ['pause', 'cancel']],
    ['paused', ['resume', 'cancel']],
    ['cancelling', []],
    ['cancelled', ['delete']],
    ['done', ['delete']],
  ] as const)('that is %s are %j', (state, changes) => {
    expect(changesOf(job({ state }))).toEqual(changes);
  });

  it('include another attempt after failures, except for batches', () => {
    expect(changesOf(job({ state: 'done' }, { failed: 1 }))).toEqual(['retry', 'delete']);
    expect(changesOf(job({ state: 'done', kind: 'batch' }, { failed: 1 }))).toEqual(['delete']);
  });
});

describe('the pilot of a job', () => {
  it('waits for a decision when it is done and items are left', () => {
    const done = { state: 'paused', pilot: { items: 10, state: 'done' } } as const;
    expect(waitsAfterPilot(job(done))).toBe(true);
    expect(waitsAfterPilot(job(done, { queued: 0 }))).toBe(false);
    expect(waitsAfterPilot(job({ ...done, state: 'active' }))).toBe(false);
    expect(waitsAfterPilot(job({ state: 'paused' }))).toBe(false);
  });

  it('tells how long the rest takes', () => {
    expect(secondsAfterPilot(job(), { items: 10, seconds: 40 })).toBe(360);
    expect(secondsAfterPilot(job(), { items: 0, seconds: 0 })).toBeNull();
  });
});
