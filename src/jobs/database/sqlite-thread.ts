import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import type { StatementRunner } from './sqlite-dialect.js';
import { openSqliteFile, type StatementResult } from './sqlite-file.js';

export interface ThreadCall {
  readonly id: number;
  readonly statement: string;
  readonly parameters: readonly unknown[];
}

export type ThreadAnswer =
  | { readonly id: number; readonly result: StatementResult }
  | { readonly id: number; readonly error: { message: string; code: string | undefined } };

/** Runs statements in this thread: for a command line, which has nothing else to do meanwhile. */
export function runInThisThread(path: string): StatementRunner {
  const file = openSqliteFile(path);
  return {
    run: (statement, parameters) =>
      new Promise((resolve) => resolve(file.run(statement, parameters))),
    close: () => {
      file.close();
      return Promise.resolve();
    },
  };
}

/**
 * Runs statements in a thread of its own: a commit waits for the disk, and other processes may hold the write lock for
 * a while, but the HTTP server must answer.
 *
 * @param entry the module `sqlite.thread.js`.
 */
export async function runInOtherThread(path: string, entry: URL): Promise<StatementRunner> {
  const thread = new Worker(entry, { workerData: { path } });
  // Rejects if the file cannot be opened.
  await once(thread, 'message');
  const calls = new Map<number, PendingCall<StatementResult>>();
  let nextId = 0;
  thread.on('message', (answer: ThreadAnswer) => {
    const call = calls.get(answer.id);
    calls.delete(answer.id);
    if ('result' in answer) call?.resolve(answer.result);
    else call?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
  });
  let ended: Error | undefined;
  const end = (error: Error) => {
    ended ??= error;
    for (const call of calls.values()) call.reject(ended);
    calls.clear();
  };
  thread.on('error', end);
  thread.on('exit', () => end(new Error('The job database is closed.')));
  return {
    run(statement, parameters) {
      const id = nextId++;
      return new Promise((resolve, reject) => {
        if (ended) {
          reject(ended);
          return;
        }
        calls.set(id, { resolve, reject });
        thread.postMessage({ id, statement, parameters } satisfies ThreadCall);
      });
    },
    /** Statements that were sent before are executed. */
    async close() {
      if (ended) return;
      const exit = once(thread, 'exit');
      thread.postMessage('close');
      await exit;
    },
  };
}

/** The caller that waits for an answer. */
interface PendingCall<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}
