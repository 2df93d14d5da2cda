import { createFakeInspector } from '../../test/fakes/fake-inspector.js';
import type { TimeRange } from '../media/frame-sampling.js';
import { type Granularity, planSegments } from './plan-segments.js';

const plan = (granularity: Granularity, range?: TimeRange, durationSeconds: number | null = 60) => {
  const inspector = createFakeInspector();
  const metadata = { ...inspector.metadata, durationSeconds };
  return planSegments({ path: 'video', metadata: metadata, range }, granularity, inspector, {});
};

it('returns the whole video as one segment', async () => {
  expect(await plan({ kind: 'whole' })).toEqual([{ startSeconds: 0, endSeconds: 60 }]);
  expect(await plan({ kind: 'whole' }, { startSeconds: 5, endSeconds: 90 })).toEqual([
    { startSeconds: 5, endSeconds: 60 },
  ]);
  expect(await plan({ kind: 'whole' }, undefined, null)).toEqual([
    { startSeconds: 0, endSeconds: null },
  ]);
});

it('splits into intervals, and ends with the video', async () => {
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

it('returns one segment for a video of one frame', async () => {
  expect(await plan({ kind: 'interval', seconds: 10 }, undefined, 0)).toEqual([
    { startSeconds: 0, endSeconds: null },
  ]);
});

it('rejects a range after the end, and names the duration', async () => {
  const beyond = plan({ kind: 'whole' }, { startSeconds: 60, endSeconds: 70 });

  await expect(beyond).rejects.toMatchObject({
    code: 'NO_DECODABLE_FRAME',
    details: { duration_seconds: 60 },
  });
});

it('rejects intervals without an end, and 1,001 intervals', async () => {
  await expect(plan({ kind: 'interval', seconds: 10 }, undefined, null)).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    details: { parameter: 'end' },
  });
  await expect(plan({ kind: 'interval', seconds: 1 }, undefined, 1000.5)).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    details: { min_interval_seconds: 2 },
  });
});
