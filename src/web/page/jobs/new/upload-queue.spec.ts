import { ServiceError } from '../../service/service-error.js';
import type { PathFile } from './dropped-files.js';
import { createUploadQueue } from './upload-queue.js';

const fileOf = (path: string, size = 10): PathFile => ({
  path,
  file: new File([new Uint8Array(size)], path),
});

const FILES = ['a', 'b', 'c', 'd', 'e'].map((name) => fileOf(name));

describe('the queue of uploads', () => {
  it('sends every file once, three at a time, and counts files and bytes', async () => {
    const sent: string[] = [];
    let running = 0;
    let most = 0;
    const queue = createUploadQueue(FILES, async ({ path }, onProgress) => {
      running += 1;
      most = Math.max(most, running);
      onProgress(4);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
      sent.push(path);
    });
    const running_ = queue.run();
    expect(queue.state.value).toMatchObject({ phase: 'running', sentFiles: 0, sentBytes: 12 });
    await running_;

    expect(sent.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(most).toBe(3);
    expect(queue.state.value).toEqual({
      ...{ phase: 'ended', files: 5, bytes: 50, sentFiles: 5, sentBytes: 50, failed: [] },
    });
  });

  it('goes on behind a file that fails, and tries it again', async () => {
    let isBroken = true;
    const attempts: string[] = [];
    const queue = createUploadQueue(FILES, ({ path }) => {
      attempts.push(path);
      return path === 'b' && isBroken ? Promise.reject(new Error('refused')) : Promise.resolve();
    });
    await queue.run();
    expect(queue.state.value).toMatchObject({ phase: 'ended', sentFiles: 4 });
    expect(queue.state.value.failed.map(({ file }) => file.path)).toEqual(['b']);

    isBroken = false;
    await queue.run();
    expect(queue.state.value).toMatchObject({ phase: 'ended', sentFiles: 5, failed: [] });
    expect(attempts.filter((path) => path === 'a')).toHaveLength(1);
  });

  it('waits when every file fails, and then sends all of them', async () => {
    const files = Array.from({ length: 40 }, (_, index) => fileOf(String(index)));
    let isDown = true;
    let attempts = 0;
    const queue = createUploadQueue(files, () => {
      attempts += 1;
      return isDown ? Promise.reject(new Error('full')) : Promise.resolve();
    });
    await queue.run();
    expect(queue.state.value.phase).toBe('stopped');
    expect(attempts).toBeLessThan(10);

    isDown = false;
    await queue.run();
    expect(queue.state.value).toMatchObject({ phase: 'ended', sentFiles: 40, failed: [] });
  });

  it('can be stopped in the middle of a file, and resumed', async () => {
    const sent: string[] = [];
    let isHeld = true;
    const queue = createUploadQueue(FILES, async ({ path }, _onProgress, signal) => {
      if (isHeld && path === 'b') {
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      }
      sent.push(path);
    });
    const running = queue.run();
    await new Promise((resolve) => setTimeout(resolve, 5));
    queue.stop();
    await running;
    expect(queue.state.value).toMatchObject({ phase: 'stopped', failed: [] });
    expect(sent).not.toContain('b');

    isHeld = false;
    await queue.run();
    expect(sent.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(queue.state.value.phase).toBe('ended');
  });

  it('waits for a lost service, and then sends every file once', async () => {
    const phases: string[] = [];
    const sent: string[] = [];
    let attempts = 0;
    const queue = createUploadQueue(
      FILES,
      ({ path }) => {
        attempts += 1;
        if (attempts < 3) return Promise.reject(new ServiceError('unreachable'));
        sent.push(path);
        return Promise.resolve();
      },
      1,
    );
    const stop = queue.state.subscribe(({ phase }) => phases.push(phase));
    await queue.run();
    stop();

    expect(phases).toContain('lost');
    expect(sent.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(queue.state.value).toMatchObject({ phase: 'ended', failed: [] });
  });

  it('can be stopped while the service is lost', async () => {
    const queue = createUploadQueue(
      FILES,
      () => Promise.reject(new ServiceError('unreachable')),
      60_000,
    );
    const running = queue.run();
    const stop = queue.state.subscribe(({ phase }) => {
      if (phase === 'lost') queue.stop();
    });
    await running;
    stop();

    expect(queue.state.value).toMatchObject({ phase: 'stopped', failed: [] });
  });
});
