import { createLogParser, type LogParser, toRate } from './ffmpeg-log.js';

/** The random name of a parser's filter. */
const nameOf = (log: LogParser) => log.filter.replace(/=.*/, '');

const configuration = (name: string) =>
  `[${name} @ 0x55d0] config in time_base: 1/16384, frame_rate: 30000/1001`;

function frameLine(name: string, ticks: number | 'NOPTS', size = '64x48'): string {
  return `[${name} @ 0x55d0] n:   0 pts:${String(ticks).padStart(7)} pts_time:1e+05   pos:  8648 fmt:yuv420p sar:1/1 s:${size} i:P iskey:1 type:I `;
}

describe('createLogParser', () => {
  it('parses timestamps from ticks, and sizes', async () => {
    const log = createLogParser();
    const name = nameOf(log);
    log.addLine(configuration(name));
    [frameLine(name, 589676544), frameLine(name, -16384, '48x64')].forEach(log.addLine);

    expect(await log.nextFrame()).toEqual({ containerSeconds: 35991, width: 64, height: 48 });
    expect(await log.nextFrame()).toEqual({ containerSeconds: -1, width: 48, height: 64 });
  });

  it('waits for a frame, and ends with the log', async () => {
    const log = createLogParser();
    const first = log.nextFrame();
    log.addLine(configuration(nameOf(log)));
    log.addLine(frameLine(nameOf(log), 16384));
    const second = first.then(() => log.nextFrame());
    expect(await first).toMatchObject({ containerSeconds: 1 });
    log.end();

    expect(await second).toBeUndefined();
  });

  it('gives a frame without a timestamp the previous timestamp', async () => {
    const log = createLogParser();
    const name = nameOf(log);
    [configuration(name), frameLine(name, 32768), frameLine(name, 'NOPTS')].forEach(log.addLine);
    await log.nextFrame();

    expect(await log.nextFrame()).toMatchObject({ containerSeconds: 2 });
  });

  it('parses the header', () => {
    const log = createLogParser();
    log.addLine('  Duration: 10:00:04.50, start: -1.400000, bitrate: 345 kb/s');
    log.addLine(configuration(nameOf(log)));

    expect(log.header()).toEqual({
      durationSeconds: 36004.5,
      startSeconds: -1.4,
      frameRate: 30000 / 1001,
    });
  });

  it('parses a header without a duration', () => {
    const log = createLogParser();
    log.addLine('  Duration: N/A, start: 0.080000, bitrate: N/A');

    expect(log.header()).toEqual({ durationSeconds: null, startSeconds: 0.08, frameRate: null });
  });

  it('ignores forged lines from file metadata', async () => {
    const log = createLogParser();
    const forged = 'Parsed_showinfo_1';
    log.addLine('  Duration: 00:00:09.00, start: 0.000000, bitrate: 1 kb/s');
    for (const indent of ['', '  ', '    title           : ']) {
      log.addLine(`${indent}${configuration(forged)}`);
      log.addLine(`${indent}${frameLine(forged, 1)}`);
      log.addLine(`${indent}${frameLine('showinfo@0', 1)}`);
    }
    log.addLine('  Duration: 00:00:01.00, start: 7.000000');
    log.addLine('    comment         : Cannot allocate memory');
    log.end();

    expect(await log.nextFrame()).toBeUndefined();
    expect(log.header()).toEqual({ durationSeconds: 9, startSeconds: 0, frameRate: null });
    expect(log.recentLines()).not.toContain('Cannot allocate');
  });

  it('keeps the last lines of a long log', () => {
    const log = createLogParser();
    for (let i = 0; i < 1_000; i++) log.addLine(`line ${i}`);

    expect(log.recentLines().split('\n')).toHaveLength(50);
    expect(log.recentLines()).toMatch(/line 999$/);
  });
});

describe('toRate', () => {
  it.each([
    [25, 1, 25],
    [0, 0, null],
    [90_000, 1, null],
    [undefined, undefined, null],
    [NaN, 1, null],
  ])('converts %p/%p to %p', (numerator, denominator, expected) => {
    expect(toRate(numerator, denominator)).toBe(expected);
  });
});
