import type { WriteStream } from 'node:tty';

import type { CommanderError } from 'commander';

import { type ErrorCode, type ErrorDetails, SalamandraError } from '../errors/salamandra-error.js';

type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

/** Results go to standard output; progress, notes and failures go to standard error. */
export interface Terminal {
  /** Whether standard output is a terminal. */
  readonly isTTY: boolean;
  result(line: string): void;
  /** Appends to the current result line. `endLine` ends it, and so does any other output. */
  piece(text: string): void;
  endLine(): void;
  /** Prints the prompt for a line of input. */
  prompt(): void;
  /** On a terminal: one line that is overwritten. Elsewhere: a new line whenever `brief` changes. */
  progress(text: string, brief?: string): void;
  /** Removes the progress line. */
  clearProgress(): void;
  /** Prints a permanent line on standard error. */
  note(line: string): void;
  /** @param subject the file or question that failed. */
  failure(error: unknown, subject?: string): void;
}

/**
 * Creates a terminal over two streams. On a TTY, control characters are removed from all text: a model or a file name
 * may contain escape sequences.
 */
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
    isTTY: stdout.isTTY === true,
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
      // `\r` cannot overwrite a line that wraps.
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
      const message = describeError(error);
      const line = subject === undefined ? message : `${subject}: ${message}`;
      stderr.write(`${stripControls(line)}\n`);
    },
  };
}

/** Removes control and format characters, except line breaks, tabs and the joiners U+200C and U+200D. */
export function stripControls(text: string): string {
  return text.replace(/(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}]/gu, '');
}

/** A failure as JSON: the error code, and the message as on standard error. */
export function errorJson(error: unknown): { readonly code: ErrorCode; readonly message: string } {
  if (!(error instanceof SalamandraError)) return { code: 'INTERNAL', message: 'Internal error.' };
  return { code: error.code, message: describeError(error) };
}

/** The failure of a command line that commander rejects, as JSON. */
export function usageJson({ message }: CommanderError): ReturnType<typeof errorJson> {
  return { code: 'INVALID_PARAMETER', message: message.replace(/^error: /, '') };
}

function describeError(error: unknown): string {
  if (!(error instanceof SalamandraError)) return `Internal error: ${String(error)}`;
  return `${error.publicMessage}${describeDetails(error.publicMessage, error.details ?? {})}`;
}

/** The details that the message does not contain. It lists file formats by their names. */
function describeDetails(message: string, details: ErrorDetails): string {
  const parts = Object.entries(details).flatMap(([name, value]) => {
    const text = Array.isArray(value) ? value.join(', ') : String(value);
    return name === 'supportedFormats' || message.includes(text) ? [] : `${name}: ${text}`;
  });
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}
