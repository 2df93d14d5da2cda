import { createArrivalHandles } from '../engine/scheduling/queue-ticket.js';
import { createMediaLanes, type MediaLanes, type VideoTask } from './media-lanes.js';

const entry = new URL('../../test/fakes/fake-media-worker.mjs', import.meta.url);
/** What the fake worker does with a file that starts with this byte. */
const [OK, EXIT, HANG, REFUSE] = [0, 2, 3, 4];

const arrive = createArrivalHandles();
let lanes: MediaLanes;
afterEach(() => lanes.close());

function run(action: number | undefined, client: string, timeoutMs = 60_000) {
  const task = { type: 'sample-video', request: { bytes: new Uint8Array([action ?? 0]) } };
  return lanes.run(task as unknown as VideoTask, timeoutMs, arrive(undefined, client));
}

describe('createMediaLanes', () => {
  it('moves a task that takes longer than a turn to the long lane, where its limit is another', async () => {
    lanes = createMediaLanes({ entry, turnMs: 1_000 });
    await expect(run(HANG, 'a', 2_000)).rejects.toMatchObject({
      code: 'MEDIA_TOO_EXPENSIVE',
      details: { max_seconds: 2 },
    });
  });

  it('serves short tasks while long ones of the same client run', async () => {
    lanes = createMediaLanes({ entry, turnMs: 1_000 });
    let hanging = 3;
    const long = [1, 2, 3].map(() => run(HANG, 'a', 6_000).catch(() => (hanging -= 1)));
    await expect(run(OK, 'b')).resolves.toMatchObject({
      mediaDecodeMs: expect.any(Number) as number,
    });
    await expect(run(OK, 'a')).resolves.toBeDefined();
    expect(hanging).toBe(3);
    await lanes.close();
    await Promise.all(long);
  });

  it('rejects a task for which no process of the long lane is free in time', async () => {
    lanes = createMediaLanes({ entry, turnMs: 500, maxWaitMs: 1_000 });
    const first = run(HANG, 'a', 5_000).catch(() => undefined);
    await expect(run(EXIT, 'a')).rejects.toMatchObject({
      code: 'MEDIA_TOO_EXPENSIVE',
      retryable: true,
      details: { max_wait_seconds: 1 },
    });
    await first;
  });

  it('tries no other lane for a damaged file', async () => {
    lanes = createMediaLanes({ entry });
    await expect(run(REFUSE, 'a')).rejects.toMatchObject({ code: 'MEDIA_EMPTY' });
  });
});
