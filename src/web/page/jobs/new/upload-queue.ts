import { type ReadonlySignal, signal } from '@preact/signals';

import type { PathFile } from './dropped-files.js';

/** Files that are uploaded at the same time. */
const PARALLEL = 3;
/** Files that may fail one after the other before the rest waits: the service, not the file, is the reason. */
const MAX_FAILURES_IN_A_ROW = 5;

/** The upload of the files of a job. */
interface UploadState {
  readonly phase: 'running' | 'stopped' | 'ended';
  readonly files: number;
  readonly bytes: number;
  readonly sentFiles: number;
  readonly sentBytes: number;
  readonly failed: readonly { readonly file: PathFile; readonly error: unknown }[];
}

export interface UploadQueue {
  readonly state: ReadonlySignal<UploadState>;
  /** Uploads what is left: at the start, after a stop, and again what failed. Returns when the queue stands still. */
  readonly run: () => Promise<void>;
  /** Interrupts the uploads. `run` resumes them. */
  readonly stop: () => void;
}

/**
 * Uploads files, some at the same time.
 *
 * @param send uploads one file, or the rest of it, and reports the bytes that the service has. Rejects with the reason
 *   when the file cannot be uploaded, or when the signal aborts.
 */
export function createUploadQueue(
  files: readonly PathFile[],
  send: (file: PathFile, onProgress: (bytes: number) => void, signal: AbortSignal) => Promise<void>,
): UploadQueue {
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  const state = signal<UploadState>({
    ...{ phase: 'stopped', files: files.length, bytes, sentFiles: 0, sentBytes: 0, failed: [] },
  });
  let left: readonly PathFile[] = files;
  let stopping = new AbortController();

  /** Of files on their way. */
  const partial = new Map<PathFile, number>();
  let finishedBytes = 0;

  function update(change: Partial<UploadState>): void {
    const partialBytes = [...partial.values()].reduce((sum, sent) => sum + sent, 0);
    state.value = { ...state.peek(), sentBytes: finishedBytes + partialBytes, ...change };
  }

  async function run(): Promise<void> {
    if (state.peek().phase === 'running') return;
    stopping = new AbortController();
    const { signal: stop } = stopping;
    left = [...left, ...state.peek().failed.map(({ file }) => file)];
    update({ phase: 'running', failed: [] });
    let failuresInARow = 0;
    const isStopped = () => stop.aborted;
    const work = async () => {
      for (let file = left[0]; file && !isStopped(); file = left[0]) {
        left = left.slice(1);
        try {
          await sendOne(file, stop);
          failuresInARow = 0;
        } catch (error) {
          partial.delete(file);
          if (isStopped()) {
            left = [file, ...left];
            update({});
            return;
          }
          failuresInARow += 1;
          update({ failed: [...state.peek().failed, { file, error }] });
          if (failuresInARow >= MAX_FAILURES_IN_A_ROW) stopping.abort();
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    update({ phase: left.length === 0 ? 'ended' : 'stopped' });
  }

  async function sendOne(file: PathFile, stop: AbortSignal): Promise<void> {
    const onProgress = (sent: number) => {
      partial.set(file, sent);
      update({});
    };
    await send(file, onProgress, stop);
    partial.delete(file);
    finishedBytes += file.file.size;
    update({ sentFiles: state.peek().sentFiles + 1 });
  }

  return { state, run, stop: () => stopping.abort() };
}
