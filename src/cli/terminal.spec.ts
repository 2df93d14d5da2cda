import { SalamandraError } from '../errors/salamandra-error.js';
import { exitCodeOf } from './exit-codes.js';
import { createTerminal, errorJson, stripControls } from './terminal.js';

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
  it('writes each progress text once, as a line, without a TTY', () => {
    const { stderr, terminal } = open(false);
    terminal.progress('loading');
    terminal.progress('loading');
    terminal.progress('ready');
    terminal.clearProgress();

    expect(stderr.text).toBe('loading\nready\n');
  });

  it('shows the full progress text on a TTY, and the brief one in a log', () => {
    const [shown, logged] = [open(true), open(false)];
    for (const { terminal } of [shown, logged]) {
      terminal.progress('30 % of 2 GB', '30 %');
      terminal.progress('31 % of 2 GB', '30 %');
    }

    expect(shown.stderr.text).toBe('\r\x1b[K30 % of 2 GB\r\x1b[K31 % of 2 GB');
    expect(logged.stderr.text).toBe('30 %\n');
  });

  it('cuts a progress line at the width of the terminal, and prints notes in full', () => {
    const { stderr, terminal } = open(true);
    Object.assign(stderr, { columns: 8 });
    terminal.progress('loading the model');
    terminal.note('license: apache-2.0');

    expect(stderr.text).toBe('\r\x1b[Kloading\r\x1b[Klicense: apache-2.0\n');
  });

  it('overwrites the progress line on a TTY and removes it before a result', () => {
    const { stdout, stderr, terminal } = open(true);
    terminal.progress('loading');
    terminal.result('a dog');

    expect(stderr.text).toBe('\r\x1b[Kloading\r\x1b[K');
    expect(stdout.text).toBe('a dog\n');
  });

  it('removes escape sequences on a TTY, and no byte in a pipe', () => {
    const text = 'a\x1b[2Jb\u202ec\u0007';
    const shown = open(true);
    shown.terminal.result(text);
    const piped = open(false);
    piped.terminal.result(text);

    expect(shown.stdout.text).toBe('a[2Jbc\n');
    expect(piped.stdout.text).toBe(`${text}\n`);
  });

  it('streams a result, and ends its line before other output', () => {
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

  it('prints a failure with its details and without its cause', () => {
    const { stderr, terminal } = open(false);
    const details = { limit: 3, allowed: ['ca', 'es'] };
    terminal.failure(
      new SalamandraError('MEDIA_TOO_LARGE', 'Too large.', { details, cause: new Error('secret') }),
      'x\n.png',
    );

    expect(stderr.text).toBe('x\n.png: Too large. (limit: 3; allowed: ca, es)\n');
  });
});

describe('errorJson', () => {
  it('has the code and the message with details', () => {
    const error = new SalamandraError('MEDIA_TOO_LARGE', 'Too large.', { details: { limit: 3 } });

    expect(errorJson(error)).toEqual({ code: 'MEDIA_TOO_LARGE', message: 'Too large. (limit: 3)' });
    expect(errorJson(new TypeError('secret'))).toEqual({
      code: 'INTERNAL',
      message: 'Internal error.',
    });
  });
});

describe('stripControls', () => {
  it('keeps line breaks, tabs and joiners', () => {
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
  ] as const)('maps %s to exit code %i', (code, expected) => {
    expect(exitCodeOf(new SalamandraError(code, 'x'))).toBe(expected);
  });

  it('maps other errors to the internal error', () => {
    expect(exitCodeOf(new TypeError('x'))).toBe(1);
  });
});
