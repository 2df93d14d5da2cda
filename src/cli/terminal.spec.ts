import { SalamandraError } from '../errors/salamandra-error.js';
import { exitCodeOf } from './exit-codes.js';
import { createTerminal, stripControls } from './terminal.js';

function createOutput(isTTY: boolean) {
  const output = { isTTY, text: '', write: (text: string) => (output.text += text) !== '' };
  return output;
}

function open(isTTY: boolean) {
  const stdout = createOutput(isTTY);
  const stderr = createOutput(isTTY);
  type Output = Parameters<typeof createTerminal>[0];
  // Only `write` and `isTTY` are used.
  const asStream = (output: object) => output as Output;
  return { stdout, stderr, terminal: createTerminal(asStream(stdout), asStream(stderr)) };
}

describe('createTerminal', () => {
  it('writes each progress text once and as a line where nobody watches', () => {
    const { stderr, terminal } = open(false);
    terminal.progress('loading');
    terminal.progress('loading');
    terminal.progress('ready');
    terminal.clearProgress();

    expect(stderr.text).toBe('loading\nready\n');
  });

  it('shows more on a terminal than it logs', () => {
    const [shown, logged] = [open(true), open(false)];
    for (const { terminal } of [shown, logged]) {
      terminal.progress('30 % of 2 GB', '30 %');
      terminal.progress('31 % of 2 GB', '30 %');
    }

    expect(shown.stderr.text).toBe('\r\x1b[K30 % of 2 GB\r\x1b[K31 % of 2 GB');
    expect(logged.stderr.text).toBe('30 %\n');
  });

  it('keeps a progress line within the terminal, and a note on it', () => {
    const { stderr, terminal } = open(true);
    Object.assign(stderr, { columns: 8 });
    terminal.progress('loading the model');
    terminal.note('licence: apache-2.0');

    expect(stderr.text).toBe('\r\x1b[Kloading\r\x1b[Klicence: apache-2.0\n');
  });

  it('rewrites one line on a terminal and takes it away before a result', () => {
    const { stdout, stderr, terminal } = open(true);
    terminal.progress('loading');
    terminal.result('a dog');

    expect(stderr.text).toBe('\r\x1b[Kloading\r\x1b[K');
    expect(stdout.text).toBe('a dog\n');
  });

  it('lets no escape sequence through to a terminal, and every byte through to a pipe', () => {
    const text = 'a\x1b[2Jb\u202ec\u0007';
    const shown = open(true);
    shown.terminal.result(text);
    const piped = open(false);
    piped.terminal.result(text);

    expect(shown.stdout.text).toBe('a[2Jbc\n');
    expect(piped.stdout.text).toBe(`${text}\n`);
  });

  it('writes a result in pieces, and ends its line before anything else', () => {
    const { stdout, stderr, terminal } = open(true);
    terminal.progress('loading');
    terminal.piece('a ');
    terminal.piece('d\x1b[2Jog');
    terminal.failure(new SalamandraError('INTERNAL', 'Broken.'));
    terminal.piece('a cat');
    terminal.endLine();
    terminal.endLine();

    expect(stdout.text).toBe('a d[2Jog\na cat\n');
    expect(stderr.text).toBe('\r\x1b[Kloading\r\x1b[KBroken.\n');
  });

  it('reports a failure with its numbers and without its cause', () => {
    const { stderr, terminal } = open(false);
    const details = { limit: 3, allowed: ['ca', 'es'] };
    terminal.failure(
      new SalamandraError('MEDIA_TOO_LARGE', 'Too large.', { details, cause: new Error('secret') }),
      'x\n.png',
    );

    expect(stderr.text).toBe('x\n.png: Too large. (limit: 3; allowed: ca, es)\n');
  });
});

describe('stripControls', () => {
  it('keeps line breaks, tabs and the joiners that scripts need', () => {
    expect(stripControls('a\n\tb\u200dc\u200cd')).toBe('a\n\tb\u200dc\u200cd');
  });

  it.each(['\x00', '\x1b', '\x7f', '\x9b', '\r', '\u202e', '\u2066', '\ufeff'])(
    'removes %j',
    (mark) => {
      expect(stripControls(`a${mark}b`)).toBe('ab');
    },
  );
});

describe('exitCodeOf', () => {
  it.each([
    ['INVALID_PARAMETER', 2],
    ['MEDIA_CORRUPT', 3],
    ['UNSUPPORTED_MEDIA_TYPE', 3],
    ['VIDEO_UNAVAILABLE', 3],
    ['MODEL_INVALID', 4],
    ['QUEUE_FULL', 5],
    ['INTERNAL', 1],
  ] as const)('gives %s the code of its family, %i', (code, expected) => {
    expect(exitCodeOf(new SalamandraError(code, 'x'))).toBe(expected);
  });

  it('takes an error nobody foresaw for an internal one', () => {
    expect(exitCodeOf(new TypeError('x'))).toBe(1);
  });
});
