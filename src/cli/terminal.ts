import type { WriteStream } from 'node:tty';

import { type ErrorDetails, SalamandraError } from '../errors/salamandra-error.js';

type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

/** Results go to standard output, everything else to standard error. */
export interface Terminal {
  /** Whether somebody watches standard output. */
  readonly isWatched: boolean;
  result(line: string): void;
  /** A part of a result, which `endLine` ends; whatever else is written ends it too. */
  piece(text: string): void;
  endLine(): void;
  /** Says that a line of input is waited for. */
  prompt(): void;
  /** On a terminal one line that changes, elsewhere a line for each different `brief`. */
  progress(text: string, brief?: string): void;
  /** Takes the progress line away. */
  clearProgress(): void;
  /** A line that stays, beside the results. */
  note(line: string): void;
  failure(error: unknown, subject?: string): void;
}

/** A terminal over two streams; text that reaches a real terminal cannot command it. */
export function createTerminal(stdout: Output, stderr: Output): Terminal {
  let shown = '';
  let isLineOpen = false;

  function clearProgress() {
    if (stderr.isTTY && shown !== '') stderr.write('\r\x1b[K');
    shown = '';
  }
  function endLine() {
    if (isLineOpen) stdout.write('\n');
    isLineOpen = false;
  }
  function piece(text: string) {
    clearProgress();
    isLineOpen = true;
    stdout.write(stdout.isTTY ? stripControls(text) : text);
  }

  return {
    isWatched: stdout.isTTY === true,
    piece,
    endLine,
    result(line) {
      endLine();
      piece(line);
      endLine();
    },
    prompt() {
      clearProgress();
      endLine();
      stderr.write('> ');
    },
    progress(text, brief = text) {
      const next = stderr.isTTY ? text : brief;
      if (next === shown) return;
      endLine();
      shown = next;
      // A line that the terminal breaks could not be taken back.
      const line = stripControls(next).slice(0, (stderr.columns ?? Infinity) - 1);
      stderr.write(stderr.isTTY ? `\r\x1b[K${line}` : `${next}\n`);
    },
    clearProgress,
    note(line) {
      clearProgress();
      endLine();
      stderr.write(`${stripControls(line)}\n`);
    },
    failure(error, subject) {
      clearProgress();
      endLine();
      const line = subject === undefined ? describe(error) : `${subject}: ${describe(error)}`;
      stderr.write(`${stripControls(line)}\n`);
    },
  };
}

/** Removes control and formatting characters but line breaks and tabs; a text may hold escape sequences. */
export function stripControls(text: string): string {
  return text.replace(/(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}]/gu, '');
}

function describe(error: unknown): string {
  if (!(error instanceof SalamandraError)) return `Internal error: ${String(error)}`;
  return `${error.publicMessage}${describeDetails(error.details ?? {})}`;
}

function describeDetails(details: ErrorDetails): string {
  const parts = Object.entries(details).map(
    ([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`,
  );
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}
