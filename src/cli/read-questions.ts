import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import type { Terminal } from './terminal.js';

/** The lines of an input as questions, empty ones left out; ends with the input or the signal. */
export async function* readQuestions(
  input: Readable & { readonly isTTY?: boolean },
  terminal: Pick<Terminal, 'prompt'>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const lines = createInterface({ input });
  const close = () => {
    lines.close();
    // Without this the process would wait for a next line that nobody reads.
    input.destroy();
  };
  signal.addEventListener('abort', close);
  try {
    if (input.isTTY) terminal.prompt();
    for await (const line of lines) {
      if (line.trim() !== '') yield line.trim();
      if (input.isTTY) terminal.prompt();
    }
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}
