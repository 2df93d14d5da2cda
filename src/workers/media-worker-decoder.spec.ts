import { poll } from '../../test/setup/poll.js';
import { isAlive } from '../../test/setup/processes.js';
import type { MediaDecoder, TilingRequest, VideoSamplingRequest } from '../engine/media-decoder.js';
import { createMediaWorkerDecoder } from './media-worker-decoder.js';
import { createArrivalHandles } from '../engine/scheduling/queue-ticket.js';

const entry = new URL('../../test/fakes/fake-media-worker.mjs', import.meta.url);

const OK = 0;
const SEGFAULT = 1;
const EXIT = 2;
const HANG = 3;
const REFUSE = 4;

const arrive = createArrivalHandles();
let decoder: MediaDecoder;

beforeEach(() => {
  decoder = createMediaWorkerDecoder({ entry, timeoutMs: 10_000 });
});

afterEach(() => decoder.close());

function tile(action: number, signal?: AbortSignal) {
  // The fake looks at nothing but the first byte.
  return decoder.tile({ bytes: new Uint8Array([action]) } as TilingRequest, arrive(signal));
}

/** The fake worker reports its process id as the decoding time. */
async function tileAndTellProcess(): Promise<number> {
  return (await tile(OK)).mediaDecodeMs;
}

describe('createMediaWorkerDecoder', () => {
  it('uses one process for picture after picture', async () => {
    const first = await tile(OK);
    await expect(tile(REFUSE)).rejects.toMatchObject({ code: 'MEDIA_EMPTY' });

    expect((await tile(OK)).mediaDecodeMs).toBe(first.mediaDecodeMs);
  });

  it.each([
    ['a crash', SEGFAULT, 'MEDIA_CORRUPT'],
    ['an end', EXIT, 'MEDIA_TOO_EXPENSIVE'],
    ['a passed deadline', HANG, 'MEDIA_TOO_EXPENSIVE'],
  ])('answers %s with a code and goes on with a new process', async (_, action, code) => {
    const before = await tile(OK);
    await expect(tile(action)).rejects.toMatchObject({ code });

    expect((await tile(OK)).mediaDecodeMs).not.toBe(before.mediaDecodeMs);
  });

  it('kills the process that works for a caller who left, and starts another', async () => {
    const before = await tileAndTellProcess();
    const abort = new AbortController();
    const hanging = tile(HANG, abort.signal);
    setTimeout(() => abort.abort(new Error('left')), 300);

    await expect(hanging).rejects.toThrow('left');
    await poll(() => !isAlive(before) || undefined);
    const after = await tileAndTellProcess();
    expect(after).not.toBe(before);
    expect(isAlive(after)).toBe(true);
  });

  it('lets go at once of a caller who leaves while others are worked for', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    let isHanging = true;
    const hanging = tile(HANG, first.signal).finally(() => (isHanging = false));
    const waiting = tile(OK, second.signal);
    const last = tileAndTellProcess();
    second.abort(new Error('left'));

    await expect(waiting).rejects.toThrow('left');
    expect(isHanging).toBe(true);
    first.abort(new Error('left too'));
    await expect(hanging).rejects.toThrow('left too');
    expect(isAlive(await last)).toBe(true);
  });

  it('decodes the picture of whoever waits before the next ones of a long job', async () => {
    const { signal } = new AbortController();
    const done: string[] = [];
    const send = async (name: string, number: number, priority: 'interactive' | 'batch') => {
      const turns = { ticket: { number, client: name.slice(0, 3), priority }, signal };
      await decoder.tile({ bytes: new Uint8Array([OK]) } as TilingRequest, turns);
      done.push(name);
    };
    await Promise.all([
      ...['job 1', 'job 2', 'job 3'].map((name, index) => send(name, index, 'batch')),
      send('visitor', 3, 'interactive'),
    ]);

    expect(done).toEqual(['job 1', 'visitor', 'job 2', 'job 3']);
  });

  it('decodes pictures while a clip takes its time', async () => {
    const abort = new AbortController();
    const clip = { bytes: new Uint8Array([HANG]), sampling: { mode: 'uniform' } };
    let isHanging = true;
    const hanging = decoder
      .sampleVideo(clip as unknown as VideoSamplingRequest, arrive(abort.signal))
      .finally(() => (isHanging = false));

    expect(isAlive(await tileAndTellProcess())).toBe(true);
    expect(isHanging).toBe(true);
    abort.abort(new Error('left'));
    await expect(hanging).rejects.toThrow('left');
  });

  it('takes several at once in turn', async () => {
    const results = await Promise.allSettled([tile(OK), tile(SEGFAULT), tile(OK)]);

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
