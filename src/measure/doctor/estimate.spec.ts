import { FAKE_MODEL } from '../../../test/fakes/fake-engine.js';
import { MAX_SEQUENCES } from '../../config/limits.js';
import type { Calibration } from './calibration.js';
import { estimateRequest, typicalRequestMs } from './estimate.js';

const NOTHING = { fixed: 0, linear: 0, square: 0 };
/** 4 ms for a decode step, and 25 % more for each further sequence. */
const CALIBRATION: Calibration = {
  ...{ processor: 'test', threads: 2, measuredAt: '2026-01-01T00:00:00.000Z', loadMs: 1 },
  model: { id: 'fake', revision: FAKE_MODEL.revision, precision: 'int8' },
  speed: {
    vision: { tiling: NOTHING, encoding: { fixed: 3, linear: 10, square: 0 } },
    prefill: NOTHING,
    step: { fixed: 4, linear: 0, square: 0 },
    extraSequenceShare: 0.25,
  },
  peak: { bytes: 300_000_000, positions: 1024 },
};

const estimate = (texts: number, calibration?: Calibration) =>
  estimateRequest(
    {
      media: [{ kind: 'image', width: 300, height: 200 }],
      ...{ detail: 'auto', texts, maxTokens: 100 },
    },
    { ...FAKE_MODEL.costs, contextLength: FAKE_MODEL.contextLength },
    calibration,
  );

describe('estimateRequest', () => {
  it('counts a shared prefix twice, while it is copied, and the rest for each text', () => {
    const { cacheBytesPerToken, instructionTokens } = FAKE_MODEL.costs;
    const [one, four] = [estimate(1), estimate(4)];

    const positions = (four.memoryBytes - one.memoryBytes) / cacheBytesPerToken;
    expect(positions).toBe(one.visualTokens + 3 * (instructionTokens + 100));
  });

  it('decodes texts in batches', () => {
    const decodeMs = (texts: number) => estimate(texts, CALIBRATION).timings?.decodeMs;

    expect(decodeMs(1)).toBe(400);
    expect(decodeMs(3)).toBe(600);
    expect(decodeMs(MAX_SEQUENCES + 1)).toBe(800 + (MAX_SEQUENCES - 1) * 100);
  });

  it('counts the fixed encoding time once for an image, not for each tile', () => {
    const { tiles, timings } = estimate(1, CALIBRATION);

    expect(tiles).toBe(5);
    expect(timings?.encodeMs).toBe(3 + 5 * 10);
  });
});

const TYPICAL_SPEED: Calibration['speed'] = {
  vision: { tiling: { fixed: 1e6, linear: 0, square: 0 }, encoding: { ...NOTHING, linear: 10 } },
  prefill: { ...NOTHING, linear: 2 },
  step: { ...NOTHING, fixed: 3 },
  extraSequenceShare: 0.25,
};
const withSpeed = (speed: Calibration['speed']): Calibration => ({ ...CALIBRATION, speed });

describe('typicalRequestMs', () => {
  it('times a caption of 64 tokens about a photograph, without tiling', () => {
    const model = { ...FAKE_MODEL.costs, contextLength: 1024 };
    const encodeMs = typicalRequestMs(
      model,
      withSpeed({ ...TYPICAL_SPEED, prefill: NOTHING, step: NOTHING }),
    );
    const prefillMs = typicalRequestMs(
      model,
      withSpeed({ ...TYPICAL_SPEED, vision: null, step: NOTHING }),
    );

    // 1600 x 1200 pixels: a grid of 2 x 2 tiles and the base tile.
    expect(encodeMs).toBe(5 * 10);
    // 7 x 7 tokens of the base tile, and 10 rows of 14 tokens and a newline. 10 is 3/4 of 14 rows, rounded so that an
    // even number of rows is removed.
    expect(prefillMs).toBe(2 * (49 + 10 * 15 + FAKE_MODEL.costs.instructionTokens));
    expect(typicalRequestMs(model, withSpeed(TYPICAL_SPEED))).toBe(encodeMs + prefillMs + 64 * 3);
  });

  it.each([
    ['a page of 600 tokens', 4096, 600],
    ['half of a short context', 512, 256],
  ])('times an answer to %s for a text-only model', (_, contextLength, promptTokens) => {
    const model = { ...FAKE_MODEL.costs, geometry: null, contextLength };

    expect(typicalRequestMs(model, withSpeed({ ...TYPICAL_SPEED, vision: null }))).toBe(
      promptTokens * 2 + 64 * 3,
    );
  });
});
