import { SalamandraError } from '../errors/salamandra-error.js';
import { checkChoice, checkNames, checkNumbers, toSampling } from './options.js';

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof SalamandraError) return `${error.code}: ${error.publicMessage}`;
  }
  return 'nothing thrown';
}

it.each([
  [{ maxTokens: 0 }, 'maxTokens must be a whole number from 1 to'],
  [{ maxTokens: 1.5 }, 'maxTokens must be a whole number from 1 to'],
  [{ temperature: '0.5' }, 'temperature must be a number from 0 to 2, not "0.5".'],
  [{ seed: NaN }, 'seed must be a whole number from 0 to 4294967295, not null.'],
  [{ frames: -1 }, 'frames must be a whole number from 1 to'],
])('refuses %j', (options, message) => {
  expect(messageOf(() => checkNumbers(options))).toContain(`INVALID_PARAMETER: ${message}`);
});

it('accepts numbers at the limits, and options that are left out', () => {
  expect(messageOf(() => checkNumbers({ temperature: 2, seed: 0, topP: undefined }))).toBe(
    'nothing thrown',
  );
});

it('names a misspelt option and those that exist', () => {
  expect(messageOf(() => checkNames({ language: 'ca' }, ['languages', 'kinds']))).toBe(
    'INVALID_PARAMETER: There is no option "language". The options are languages, kinds.',
  );
});

it('names the choices of an option', () => {
  expect(messageOf(() => checkChoice('detail', 'best', ['low', 'high']))).toBe(
    'INVALID_PARAMETER: detail must be one of "low", "high", not "best".',
  );
});

it('turns the options into a sampling of frames', () => {
  expect(toSampling({})).toEqual({ mode: 'uniform', frames: { count: 8 } });
  expect(toSampling({ framesPerSecond: 2, start: 1, end: 3 })).toEqual({
    ...{ mode: 'uniform', frames: { perSecond: 2 } },
    range: { startSeconds: 1, endSeconds: 3 },
  });
  expect(toSampling({ frames: 4, start: 1 }).range).toEqual({ startSeconds: 1, endSeconds: null });
});

it.each([
  [{ frames: 4, framesPerSecond: 2 }, 'Use either frames or framesPerSecond, not both.'],
  [{ start: 3, end: 3 }, 'end (3 s) must be greater than start (3 s).'],
])('refuses %j as a sampling', (options, message) => {
  expect(messageOf(() => toSampling(options))).toBe(`INVALID_PARAMETER: ${message}`);
});
