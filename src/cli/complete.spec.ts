import { PassThrough } from 'node:stream';

import { createFakeEngine } from '../../test/fakes/fake-engine.js';
import { completeText, type CompleteTask } from './complete.js';
import { createTerminal } from './terminal.js';

async function complete(task: Partial<CompleteTask>) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const engine = createFakeEngine();
  const all = { text: 'Il était', maxTokens: 9, output: 'text', ...task } as const;
  const { signal } = new AbortController();
  const terminal = createTerminal(stdout, stderr);
  await completeText(engine, all, { terminal, signal });
  return { engine, printed: String(stdout.read()) };
}

describe('completeText', () => {
  it('sends the text without a template and prints its continuation', async () => {
    const { engine, printed } = await complete({});

    expect(engine.requests).toMatchObject([
      { media: [], conversations: [{ rawText: 'Il était' }], settings: { maxTokens: 9 } },
    ]);
    expect(printed).toBe('answer 0\n');
  });

  it('streams the continuation', async () => {
    expect((await complete({ output: 'stream' })).printed).toBe('answer 0\n');
  });

  it('prints JSON with usage and provenance', async () => {
    expect(JSON.parse((await complete({ output: 'json' })).printed)).toMatchObject({
      text: 'answer 0',
      finish_reason: 'stop',
      usage: { prompt_tokens: 11, completion_tokens: 3 },
      model: expect.any(String) as string,
      revision: expect.any(String) as string,
      precision: expect.any(String) as string,
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      settings: { max_tokens: 9, temperature: 0, seed: 0 },
    });
  });
});
