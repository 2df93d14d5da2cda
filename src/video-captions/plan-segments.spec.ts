import { createFakeInspector } from '../../test/fakes/fake-inspector.js';
import type { TimeRange } from '../media/frame-sampling.js';
import { type Granularity, planSegments } from './plan-segments.js';

const { signal } = new AbortController();

const plan = (granularity: Granularity, range?: TimeRange, durationSeconds: number | null = 60) => {
  const inspector = createFakeInspector();
  const outline = { ...inspector.outline, durationSeconds };
  return planSegments({ path: 'clip', metadata: outline, range }, granularity, inspector, signal);
};

it('takes a video as it is, to its end', async () => {
  expect(await plan({ kind: 'whole' })).toEqual([{ startSeconds: 0, endSeconds: 60 }]);
  expect(await plan({ kind: 'whole' }, { startSeconds: 5, endSeconds: 90 })).toEqual([
    { startSeconds: 5, endSeconds: 60 },
  ]);
  expect(await plan({ kind: 'whole' }, undefined, null)).toEqual([
    { startSeconds: 0, endSeconds: null },
  ]);
});

it('cuts by the clock, and ends with the clip', async () => {
  expect(
    await plan({ kind: 'interval', seconds: 25 }, { startSeconds: 4, endSeconds: null }),
  ).toEqual([
    { startSeconds: 4, endSeconds: 29 },
    { startSeconds: 29, endSeconds: 54 },
    { startSeconds: 54, endSeconds: 60 },
  ]);
});

it('asks the inspector for shots', async () => {
  expect(await plan({ kind: 'shot', maxShots: 2 })).toEqual([
    { startSeconds: 0, endSeconds: 20 },
    { startSeconds: 20, endSeconds: 40 },
  ]);
});

it('takes the single frame of a clip without a length', async () => {
  expect(await plan({ kind: 'interval', seconds: 10 }, undefined, 0)).toEqual([
    { startSeconds: 0, endSeconds: null },
  ]);
});

it('refuses a range beyond the end, with the length', async () => {
  const beyond = plan({ kind: 'whole' }, { startSeconds: 60, endSeconds: 70 });

  await expect(beyond).rejects.toMatchObject({
    code: 'NO_DECODABLE_FRAME',
    details: { duration_seconds: 60 },
  });
});

it('refuses intervals without an end, and a thousand and one', async () => {
  await expect(plan({ kind: 'interval', seconds: 10 }, undefined, null)).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    details: { parameter: 'end' },
  });
  await expect(plan({ kind: 'interval', seconds: 1 }, undefined, 1000.5)).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    details: { min_interval_seconds: 2 },
  });
});
