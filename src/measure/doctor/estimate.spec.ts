import { FAKE_MODEL } from '../../../test/fakes/fake-engine.js';
import { MAX_SEQUENCES } from '../../config/limits.js';
import type { Calibration } from './calibration.js';
import { estimateRequest } from './estimate.js';

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
