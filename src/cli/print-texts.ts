import type { RequestOutcome } from '../engine/collect-outcome.js';
import type { EngineEvent } from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { Terminal } from './terminal.js';

/** Whether a text is printed piece by piece as it is written, or once all texts of the request are there. */
export type Delivery = 'stream' | 'whole';

/**
 * Collects what a request yields and prints its texts, one after another in the order of the conversations: the first that
 * has not ended as it comes, of the others what they have as soon as it is their turn. Alone, or where `cells` gives some,
 * as a line that a script can cut at its tabs.
 *
 * @param cells what stands before the text of a conversation
 */
export async function printTextsAsTheyCome(
  events: AsyncIterable<EngineEvent>,
  cells: (conversation: number) => readonly string[],
  terminal: Terminal,
): Promise<RequestOutcome> {
  let media: RequestOutcome['media'] = [];
  const answers: RequestOutcome['answers'][number][] = [];
  const waiting = new Map<number, string>();
  let current = 0;
  let isBegun = false;

  function print(text: string): void {
    const before = cells(current);
    if (!isBegun) terminal.piece(before.map((cell) => `${toCell(cell)}\t`).join(''));
    isBegun = true;
    if (text !== '') terminal.piece(before.length > 0 ? text.replace(/\s/g, ' ') : text);
  }
  function endLines(): void {
    while (answers[current]) {
      // An empty answer has no delta.
      print('');
      terminal.endLine();
      current += 1;
      isBegun = false;
      const text = waiting.get(current);
      if (text !== undefined) print(text);
    }
  }

  for await (const event of events) {
    switch (event.type) {
      case 'media':
        media = event.media;
        break;
      case 'text-delta': {
        const { conversation, text } = event;
        if (conversation === current) print(text);
        else waiting.set(conversation, (waiting.get(conversation) ?? '') + text);
        break;
      }
      case 'answer':
        answers[event.conversation] = event;
        endLines();
        break;
      case 'done':
        return { media, answers, timings: event.timings };
    }
  }
  throw new SalamandraError('INTERNAL', 'The work ended before its result.');
}

/** A line of cells between tabs, or the text alone where there is nothing before it. */
export function toLine(cells: readonly string[], text: string): string {
  return cells.length === 0 ? text : [...cells, text].map(toCell).join('\t');
}

function toCell(text: string): string {
  return text.replace(/\s+/g, ' ');
}
