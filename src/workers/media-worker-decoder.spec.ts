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
const KILLED = 5;

const arrive = createArrivalHandles();
let decoder: MediaDecoder;

beforeEach(() => {
  decoder = createMediaWorkerDecoder({ entry, timeoutMs: 10_000 });
});

afterEach(() => decoder.close());

function tile(action: number, signal?: AbortSignal) {
  // The fake worker uses the first byte only.
  return decoder.tile(
    { file: { bytes: new Uint8Array([action]) } } as TilingRequest,
    arrive(signal),
  );
}

/** The fake worker reports its process id as the decoding time. */
async function tileAndReturnPid(): Promise<number> {
  return (await tile(OK)).mediaDecodeMs;
}

describe('createMediaWorkerDecoder', () => {
  it('reuses one process for several images, also after an error', async () => {
    const first = await tile(OK);
    await expect(tile(REFUSE)).rejects.toMatchObject({ code: 'MEDIA_EMPTY' });

    expect((await tile(OK)).mediaDecodeMs).toBe(first.mediaDecodeMs);
  });

  it.each([
    ['a crash', SEGFAULT, 'MEDIA_CORRUPT'],
    ['a kill from outside', KILLED, 'SERVER_UNAVAILABLE'],
    ['an exit', EXIT, 'MEDIA_TOO_EXPENSIVE'],
    ['a timeout', HANG, 'MEDIA_TOO_EXPENSIVE'],
  ])('reports %s as an error code and continues with a new process', async (_, action, code) => {
    const first = await tile(OK);
    await expect(tile(action)).rejects.toMatchObject({ code });

    expect((await tile(OK)).mediaDecodeMs).not.toBe(first.mediaDecodeMs);
  });

  it('reports a process that does not start as a fault of the machine, not of the file', async () => {
    await decoder.close();
    decoder = createMediaWorkerDecoder({ entry: new URL('missing.mjs', entry), timeoutMs: 10_000 });

    await expect(tile(OK)).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
      publicMessage: expect.stringContaining('did not start: exit code 1') as string,
      retryable: true,
    });
  });

  it('kills the process of an aborted request and starts another', async () => {
    const killedPid = await tileAndReturnPid();
    const abort = new AbortController();
    const hanging = tile(HANG, abort.signal);
    setTimeout(() => abort.abort(new Error('aborted')), 300);

    await expect(hanging).rejects.toThrow('aborted');
    await poll(() => !isAlive(killedPid) || undefined);
    const newPid = await tileAndReturnPid();
    expect(newPid).not.toBe(killedPid);
    expect(isAlive(newPid)).toBe(true);
  });

  it('rejects an aborted request at once while another one runs', async () => {
    const [running, queued] = [new AbortController(), new AbortController()];
    let isHanging = true;
    const hanging = tile(HANG, running.signal).finally(() => (isHanging = false));
    const waiting = tile(OK, queued.signal);
    const last = tileAndReturnPid();
    queued.abort(new Error('aborted'));

    await expect(waiting).rejects.toThrow('aborted');
    expect(isHanging).toBe(true);
    running.abort(new Error('aborted too'));
    await expect(hanging).rejects.toThrow('aborted too');
    expect(isAlive(await last)).toBe(true);
  });

  it('decodes an interactive image before the remaining images of a batch job', async () => {
    const { signal } = new AbortController();
    const done: string[] = [];
    const send = async (name: string, number: number, priority: 'interactive' | 'batch') => {
      const handle = { ticket: { number, client: name.slice(0, 3), priority }, signal };
      await decoder.tile({ file: { bytes: new Uint8Array([OK]) } } as TilingRequest, handle);
      done.push(name);
    };
    await Promise.all([
      ...['job 1', 'job 2', 'job 3'].map((name, index) => send(name, index, 'batch')),
      send('user', 3, 'interactive'),
    ]);

    expect(done).toEqual(['job 1', 'user', 'job 2', 'job 3']);
  });

  it('decodes images while a video is being sampled', async () => {
    const abort = new AbortController();
    const video = { bytes: new Uint8Array([HANG]), sampling: { mode: 'uniform' } };
    let isHanging = true;
    const hanging = decoder
      .sampleVideo(video as unknown as VideoSamplingRequest, arrive(abort.signal))
      .finally(() => (isHanging = false));

    expect(isAlive(await tileAndReturnPid())).toBe(true);
    expect(isHanging).toBe(true);
    abort.abort(new Error('aborted'));
    await expect(hanging).rejects.toThrow('aborted');
  });

  it('processes concurrent requests one after another', async () => {
    const results = await Promise.allSettled([tile(OK), tile(SEGFAULT), tile(OK)]);

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
