import type { ChildProcess } from 'node:child_process';

import type { MessageFromWorker } from './messages.js';
import { WorkerSupervisor } from './supervisor.js';

const entry = new URL('../../test/fakes/fake-inference-worker.mjs', import.meta.url);

describe('WorkerSupervisor', () => {
  it('ignores messages of a worker after its exit', async () => {
    const messages: MessageFromWorker[] = [];
    const configuration = { home: '', model: 'fake', precision: 'int8', threads: 1 } as const;
    let onExit: () => void = () => undefined;
    const exited = new Promise<void>((resolve) => (onExit = resolve));
    const supervisor = new WorkerSupervisor(
      { entry, configuration, firstRestartMs: 60_000 },
      { onStatus: () => undefined, onExit, onMessage: (message) => messages.push(message) },
    );
    supervisor.start();
    const child = Reflect.get(supervisor, 'child') as ChildProcess;
    supervisor.kill();
    await exited;

    // The exit event can precede messages that are still in the pipe.
    child.emit('message', { type: 'ready', model: {} });
    child.emit('message', { type: 'started', id: 1 });

    expect(supervisor.status.state).toBe('loading');
    expect(messages).toEqual([]);
    await supervisor.close();
  });
});
