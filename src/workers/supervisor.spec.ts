import type { ChildProcess } from 'node:child_process';

import type { MessageFromWorker } from './messages.js';
import { WorkerSupervisor } from './supervisor.js';

const entry = new URL('../../test/fakes/fake-inference-worker.mjs', import.meta.url);

it('listens no more to a worker that it has lost', async () => {
  const heard: MessageFromWorker[] = [];
  const configuration = { home: '', model: 'fake', precision: 'int8', threads: 1 } as const;
  let onExit: () => void = () => undefined;
  const isDown = new Promise<void>((resolve) => (onExit = resolve));
  const supervisor = new WorkerSupervisor(
    { entry, configuration, firstRestartMs: 60_000 },
    { onStatus: () => undefined, onExit, onMessage: (message) => heard.push(message) },
  );
  supervisor.start();
  const child = Reflect.get(supervisor, 'child') as ChildProcess;
  supervisor.kill();
  await isDown;

  // As when its exit is noticed before its last words are read.
  child.emit('message', { type: 'ready', model: {} });
  child.emit('message', { type: 'started', id: 1 });

  expect(supervisor.status.state).toBe('loading');
  expect(heard).toEqual([]);
  await supervisor.close();
});
