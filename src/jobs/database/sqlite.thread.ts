import { parentPort, workerData } from 'node:worker_threads';

import { openSqliteFile } from './sqlite-file.js';
import type { ThreadAnswer, ThreadCall } from './sqlite-thread.js';

// Entry of the thread that waits for the disk, so that the HTTP server does not.
const file = openSqliteFile((workerData as { path: string }).path);
parentPort?.postMessage('open');
parentPort?.on('message', (message: ThreadCall | 'close') => {
  if (message === 'close') {
    file.close();
    parentPort?.close();
    return;
  }
  const { id, statement, parameters } = message;
  let answer: ThreadAnswer;
  try {
    answer = { id, result: file.run(statement, parameters) };
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    answer = { id, error: { message, code } };
  }
  parentPort?.postMessage(answer);
});
