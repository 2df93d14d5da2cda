import {
  DEFAULT_SETTINGS,
  isAskSettings,
  newSampling,
  parseSeed,
  parseTemperature,
} from './ask-settings.js';

describe('isAskSettings', () => {
  it.each([
    DEFAULT_SETTINGS,
    { language: 'ca', temperature: 0.5, seed: 4294967295, tokens: 'shown' },
  ])('accepts %j', (value) => {
    expect(isAskSettings(value)).toBe(true);
  });

  it.each([
    [null],
    ['x'],
    [{}],
    [{ ...DEFAULT_SETTINGS, temperature: 3 }],
    [{ ...DEFAULT_SETTINGS, seed: 0.5 }],
    [{ ...DEFAULT_SETTINGS, seed: -1 }],
    [{ ...DEFAULT_SETTINGS, tokens: true }],
    [{ ...DEFAULT_SETTINGS, language: 7 }],
  ])('rejects %j', (value) => {
    expect(isAskSettings(value)).toBe(false);
  });
});

describe('parsing typed values', () => {
  it.each([
    ['', null],
    ['x', null],
    ['0', 0],
    ['0.123', 0.12],
    ['-1', 0],
    ['9', 2],
  ])('parses %j as temperature %j', (typed, value) => {
    expect(parseTemperature(typed)).toBe(value);
  });

  it.each([
    ['', null],
    ['7.4', 7],
    ['-1', 0],
    ['99999999999', 4294967295],
  ])('parses %j as seed %j', (typed, value) => {
    expect(parseSeed(typed)).toBe(value);
  });
});

describe('newSampling', () => {
  it('has a new seed, and a temperature if none was set', () => {
    const none = { temperature: null, seed: 5 };
    expect(newSampling(none, 0.1234567)).toEqual({ temperature: 0.8, seed: 123456 });
    expect(newSampling({ ...none, temperature: 1.5 }, 0)).toEqual({ temperature: 1.5, seed: 0 });
  });
});
