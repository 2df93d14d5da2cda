import { PassThrough } from 'node:stream';

import { createFakeEngine } from '../../test/fakes/fake-engine.js';
import { completeText, type CompleteTask } from './complete.js';
import { createTerminal } from './terminal.js';

async function complete(task: Partial<CompleteTask>) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const engine = createFakeEngine();
  const all = { text: 'Il était', maxTokens: 9, output: 'text', ...task } as const;
  const { signal } = new AbortController();
  await completeText(engine, all, createTerminal(stdout, stderr), signal);
  return { engine, printed: String(stdout.read()) };
}

describe('completeText', () => {
  it('gives the text as it is, and prints what follows', async () => {
    const { engine, printed } = await complete({});

    expect(engine.requests).toMatchObject([
      { media: [], conversations: [{ rawText: 'Il était' }], settings: { maxTokens: 9 } },
    ]);
    expect(printed).toBe('answer 0\n');
  });

  it('prints it piece by piece', async () => {
    expect((await complete({ output: 'stream' })).printed).toBe('answer 0\n');
  });

  it('prints it as JSON with its size', async () => {
    expect(JSON.parse((await complete({ output: 'json' })).printed)).toEqual({
      text: 'answer 0',
      finish_reason: 'stop',
      usage: { prompt_tokens: 11, completion_tokens: 3 },
    });
  });
});
