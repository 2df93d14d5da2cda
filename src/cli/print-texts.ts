import type { RequestOutcome } from '../engine/collect-outcome.js';
import type { EngineEvent } from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { Terminal } from './terminal.js';

/** `stream` prints text while it is generated; `whole` prints it when all texts of the request are complete. */
export type Delivery = 'stream' | 'whole';

/**
 * Prints the texts of a request in the order of its conversations, while they are generated. The first unfinished text
 * is streamed; text of later conversations is buffered until the earlier ones are complete.
 *
 * @param columns the columns before the text of a conversation; without columns the text keeps its line breaks.
 * @throws INTERNAL if the events end before `done`.
 */
export async function printTextsAsTheyCome(
  events: AsyncIterable<EngineEvent>,
  columns: (conversation: number) => readonly string[],
  terminal: Terminal,
): Promise<RequestOutcome> {
  let media: RequestOutcome['media'] = [];
  const answers: RequestOutcome['answers'][number][] = [];
  const buffered = new Map<number, string>();
  let current = 0;
  let isLineStarted = false;

  function print(text: string): void {
    const before = columns(current);
    if (!isLineStarted) terminal.piece(before.map((cell) => `${toColumn(cell)}\t`).join(''));
    isLineStarted = true;
    if (text !== '') terminal.piece(before.length > 0 ? text.replace(/\s/g, ' ') : text);
  }
  function endLines(): void {
    while (answers[current]) {
      // An empty answer has no text-delta.
      print('');
      terminal.endLine();
      current += 1;
      isLineStarted = false;
      const text = buffered.get(current);
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
        else buffered.set(conversation, (buffered.get(conversation) ?? '') + text);
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
  throw new SalamandraError('INTERNAL', 'The engine ended the request without a result.');
}

/** Columns and text separated by tabs. Without columns, the text as it is. */
export function toLine(columns: readonly string[], text: string): string {
  return columns.length === 0 ? text : [...columns.map(toColumn), toCell(text)].join('\t');
}

/** Characters that end a line or cell, or that the terminal removes. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A column such as a file name, unchanged, or else as a JSON string without unprintable characters. */
function toColumn(text: string): string {
  if (!UNPRINTABLE.test(text) && !text.startsWith('"')) return text;
  return Array.from(JSON.stringify(text), (character) =>
    UNPRINTABLE.test(character) ? escapeUnits(character) : character,
  ).join('');
}

function escapeUnits(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

function toCell(text: string): string {
  return text.replace(/\s+/g, ' ');
}
