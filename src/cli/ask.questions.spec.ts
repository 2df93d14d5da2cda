import { PassThrough } from 'node:stream';

import { readQuestions } from './ask.js';

function collect(input: PassThrough & { isTTY?: boolean }, signal = new AbortController().signal) {
  const asked = { questions: [] as string[], prompts: 0 };
  const terminal = {
    prompt: () => {
      asked.prompts++;
    },
  };
  const ended = (async () => {
    for await (const question of readQuestions(input, terminal, signal)) {
      asked.questions.push(question);
    }
  })();
  return { asked, ended };
}

describe('readQuestions', () => {
  it('skips blank lines', async () => {
    const input = new PassThrough();
    const { asked, ended } = collect(input);
    input.end('Who?\n\n  \n Where? \nlast');
    await ended;

    expect(asked).toEqual({ questions: ['Who?', 'Where?', 'last'], prompts: 0 });
  });

  it('prints a prompt on a TTY', async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const { asked, ended } = collect(input);
    input.end('Who?\n');
    await ended;

    expect(asked).toEqual({ questions: ['Who?'], prompts: 2 });
  });

  it('ends when the signal aborts, even if the input stays open', async () => {
    const input = new PassThrough();
    const abort = new AbortController();
    const { asked, ended } = collect(input, abort.signal);
    abort.abort();
    await ended;

    expect(asked.questions).toEqual([]);
    expect(input.destroyed).toBe(true);
  });
});
