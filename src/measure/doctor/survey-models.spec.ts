import {
  findKnownModel,
  KNOWN_MODELS,
  type KnownModel,
} from '../../models/package/known-models.js';
import type { Machine } from './machine.js';
import { modelFootprint } from './model-bytes.js';
import type { ProbeSpeed } from './project-speed.js';
import { recommendModel } from './recommend-model.js';
import type { SpeedModel } from './speed-model.js';
import { type ModelEstimate, type Survey, surveyModels } from './survey-models.js';

const GB = 1e9;
const SPEED: SpeedModel = {
  vision: {
    tiling: { fixed: 0, linear: 50, square: 0 },
    encoding: { fixed: 0, linear: 100, square: 0 },
  },
  prefill: { fixed: 0, linear: 0.5, square: 0 },
  step: { fixed: 3, linear: 0, square: 0 },
  extraSequenceShare: 0.25,
};
/** As fast as a laptop: three layers of a 2B decoder and two of the vision encoder. */
const PROBE: ProbeSpeed = {
  shape: {
    decoder: {
      ...{ hiddenSize: 2048, layers: 3, attentionHeads: 16, keyValueHeads: 8, headDim: 128 },
      ...{ intermediateSize: 5632, vocabularySize: 9216, outputHead: 'own', maxPositions: 2048 },
    },
    vision: {
      ...{ hiddenSize: 1152, intermediateSize: 4304, layers: 2, patches: 729 },
      photograph: { tiles: 5, visualTokens: 2929 },
    },
  },
  speeds: { int4: SPEED, int8: SPEED },
};

function machine(memory: number, diskFree = 1_000 * GB): Machine {
  return {
    ...{ processor: 'test', load: 0, logicalCores: 8, coreLimit: null, facts: null },
    memory: { total: memory * GB, limit: null, available: memory * GB },
    ...{ diskFree, ffmpeg: null, programs: [], canCapDecoders: true },
  };
}

const survey = (changes: Partial<Survey> = {}) =>
  surveyModels({
    ...{ models: KNOWN_MODELS, machine: machine(64), probe: PROBE },
    installedAs: () => [],
    findCalibration: () => undefined,
    ...changes,
  });

const estimateOf = (estimates: readonly ModelEstimate[], name: string) =>
  estimates.find(({ model }) => model.name === name)!;

describe('surveyModels', () => {
  it('estimates every known model, text-only models without pictures', () => {
    const estimates = survey();

    expect(estimates.map(({ model }) => model)).toEqual(KNOWN_MODELS);
    for (const { model, speed, fit } of estimates) {
      expect(fit).toBe('fits');
      expect(speed?.source).toBe('projected');
      expect(speed?.tokensPerSecond).toBeGreaterThan(0);
      expect(speed?.secondsPerPicture === null).toBe(model.shape.vision === null);
    }
  });

  it('adds tiling, vision encoder, prefill and a caption of 40 tokens', () => {
    const [estimate] = surveyModels({
      ...{ models: [{ ...findKnownModel('7b-vision')!, shape: PROBE.shape }] },
      ...{ machine: machine(64), probe: PROBE },
      installedAs: () => [],
      findCalibration: () => undefined,
    });

    const ms = 1.92 * 50 + 5 * 100 + (2929 + 40) * 0.5 + 40 * 3;
    expect(estimate?.speed?.secondsPerPicture).toBeCloseTo(ms / 1000, 9);
    expect(estimate?.speed?.tokensPerSecond).toBeCloseTo(1000 / 3, 9);
  });

  it('estimates sizes within 10 % of the packages of the published shapes', () => {
    const bytes = (name: string, precision: 'int8' | 'int4' | 'mixed' | 'fp32') =>
      modelFootprint(findKnownModel(name)!.shape, precision).packageBytes / GB;
    // docs/models.md
    const known: [string, number, number][] = [
      ['2b int4', bytes('2b', 'int4'), 2.0],
      ['2b int8', bytes('2b', 'int8'), 2.6],
      ['2b mixed', bytes('2b', 'mixed'), 3.2],
      ['2b fp32', bytes('2b', 'fp32'), 9.0],
      ['7b-vision int4', bytes('7b-vision', 'int4'), 6.3],
      ['7b-vision int8', bytes('7b-vision', 'int8'), 8.8],
      ['7b-vision mixed', bytes('7b-vision', 'mixed'), 12.0],
      ['7b-vision fp32', bytes('7b-vision', 'fp32'), 32.8],
    ];
    for (const [name, estimated, actual] of known) {
      expect([name, Math.abs(estimated / actual - 1) < 0.1]).toEqual([name, true]);
    }
  });

  it('says what there is too little of', () => {
    const small = survey({ machine: machine(8) });
    const full = survey({ machine: machine(64, 4 * GB) });

    expect(estimateOf(small, 'eurovlm-1.7b').fit).toBe('fits');
    expect(estimateOf(small, '40b').fit).toBe('too little memory');
    expect(estimateOf(full, '7b-vision').fit).toBe('too little disk space');
    expect(estimateOf(full, 'llava-onevision-0.5b').fit).toBe('fits');
  });

  it('counts no disk space for an installed model', () => {
    const installedAs = ({ name }: KnownModel) => (name === '7b-vision' ? (['int4'] as const) : []);
    const estimate = estimateOf(survey({ machine: machine(64, GB), installedAs }), '7b-vision');

    expect(estimate).toMatchObject({ fit: 'fits', installed: ['int4'] });
  });

  it('prefers the measured speed and memory of an installed model', () => {
    const speed = { ...SPEED, step: { fixed: 20, linear: 0, square: 0 } };
    const calibration = { speed, peak: { bytes: 3 * GB, positions: 100_000 } };
    const estimate = estimateOf(survey({ findCalibration: () => calibration }), '7b-vision');

    expect(estimate).toMatchObject({
      memoryBytes: 3 * GB,
      speed: { source: 'measured', tokensPerSecond: 50 },
    });
  });

  it('estimates sizes without a measured machine, and no speed', () => {
    const estimates = survey({ probe: null });

    expect(estimates.every(({ speed }) => speed === null)).toBe(true);
    expect(estimates.every(({ memoryBytes }) => memoryBytes > GB / 2)).toBe(true);
    expect(recommendModel(estimates)).toBeNull();
  });

  it('never chooses fp32', () => {
    for (const memory of [2, 8, 64, 1_000]) {
      const precisions = survey({ machine: machine(memory) }).map(({ precision }) => precision);
      expect(precisions).not.toContain('fp32');
    }
  });
});

describe('recommendModel', () => {
  const seconds = (estimate: ModelEstimate, secondsPerPicture: number): ModelEstimate => ({
    ...estimate,
    speed: estimate.speed && { ...estimate.speed, secondsPerPicture },
  });
  const withSeconds = (times: Readonly<Record<string, number>>, memory = 64) =>
    survey({ machine: machine(memory) }).map((estimate) => {
      const time = times[estimate.model.name];
      return time === undefined ? estimate : seconds(estimate, time);
    });
  const SLOW = { 'vl-7b': 900, '7b-vision': 800, 'llava-onevision-7b': 850, 'eurovlm-9b': 990 };

  it('takes the most languages among those that take less than a minute', () => {
    const times = { ...SLOW, 'eurovlm-1.7b': 40, 'villanova-2b-vl': 9, 'llava-onevision-0.5b': 10 };
    expect(recommendModel(withSeconds(times))?.model.name).toBe('eurovlm-1.7b');
  });

  it('takes the larger of two models with as many languages', () => {
    const times = { '7b-vision': 20, 'vl-7b': 25 };
    expect(recommendModel(withSeconds(times))?.model.name).toBe('vl-7b');
  });

  it('takes the fastest if none is that fast', () => {
    const others = { 'eurovlm-1.7b': 400, 'villanova-2b-vl': 190, 'llava-onevision-0.5b': 200 };
    const times = { ...SLOW, ...others };
    expect(recommendModel(withSeconds(times))?.model.name).toBe('villanova-2b-vl');
  });

  it('takes only what fits, and no text-only model', () => {
    expect(recommendModel(withSeconds({}, 2))?.model.name).toBe('llava-onevision-0.5b');
    expect(recommendModel(withSeconds({}, 0.5))).toBeNull();
  });
});
