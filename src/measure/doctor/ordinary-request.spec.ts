import { FAKE_MODEL } from '../../../test/fakes/fake-engine.js';
import type { Calibration } from './calibration.js';
import { ordinaryRequestMs } from './ordinary-request.js';

const NOTHING = { fixed: 0, linear: 0, square: 0 };
const SPEED: Calibration['speed'] = {
  vision: { cutting: { fixed: 1e6, linear: 0, square: 0 }, encoding: { ...NOTHING, linear: 10 } },
  prefill: { ...NOTHING, linear: 2 },
  step: { ...NOTHING, fixed: 3 },
  further: 0.25,
};
const calibrate = (speed: Calibration['speed']): Calibration => ({
  ...{ processor: 'test', threads: 2, measuredAt: '2026-01-01T00:00:00.000Z', loadMs: 1, speed },
  model: { id: 'fake', revision: FAKE_MODEL.revision, precision: 'int8' },
  peak: { bytes: 1, positions: 1 },
});

const { costs } = FAKE_MODEL;

describe('ordinaryRequestMs', () => {
  it('is a caption of 64 tokens about a photograph, without the time that cutting tiles takes', () => {
    const model = { ...costs, contextLength: 1024 };
    const encodeMs = ordinaryRequestMs(
      model,
      calibrate({ ...SPEED, prefill: NOTHING, step: NOTHING }),
    );
    const prefillMs = ordinaryRequestMs(
      model,
      calibrate({ ...SPEED, vision: null, step: NOTHING }),
    );

    // 1600 x 1200 in the grid of 2 x 2 tiles and the base tile.
    expect(encodeMs).toBe(5 * 10);
    // 7 x 7 tokens of the base tile, and 10 rows of 14 tokens and a newline: 3/4 of 14 rows, an even number of them cut.
    expect(prefillMs).toBe(2 * (49 + 10 * 15 + costs.instructionTokens));
    expect(ordinaryRequestMs(model, calibrate(SPEED))).toBe(encodeMs + prefillMs + 64 * 3);
  });

  it.each([
    ['a page of 600 tokens', 4096, 600],
    ['half of a short context', 512, 256],
  ])('is an answer to %s for a text-only model', (_, contextLength, promptTokens) => {
    const model = { ...costs, geometry: null, contextLength };

    expect(ordinaryRequestMs(model, calibrate({ ...SPEED, vision: null }))).toBe(
      promptTokens * 2 + 64 * 3,
    );
  });
});
