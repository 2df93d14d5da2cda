import type { RequestOutcome } from '../engine/collect-outcome.js';
import type { EngineEvent } from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { Terminal } from './terminal.js';

/** Whether a text is printed piece by piece as it is written, or once all texts of the request are there. */
export type Delivery = 'stream' | 'whole';

/**
 * Collects what a request yields and prints its texts as they come, one after another: alone, or where `cells` gives some,
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
  let begun = -1;

  function begin(conversation: number): boolean {
    const before = cells(conversation);
    if (begun !== conversation) terminal.piece(before.map((cell) => `${toCell(cell)}\t`).join(''));
    begun = conversation;
    return before.length > 0;
  }

  for await (const event of events) {
    switch (event.type) {
      case 'media':
        media = event.media;
        break;
      case 'text-delta': {
        const isCell = begin(event.conversation);
        terminal.piece(isCell ? event.text.replace(/\s/g, ' ') : event.text);
        break;
      }
      case 'answer':
        // An empty answer has no delta.
        begin(event.conversation);
        terminal.endLine();
        answers.push(event);
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
