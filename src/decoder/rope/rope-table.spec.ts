import { createRopeTables } from './rope-table.js';

// [position, pair, cosine, sine] from transformers 5.23, LlamaRotaryEmbedding, head dimension 128, theta 10000.
const DEFAULT: [number, number, number, number][] = [
  [1, 0, 0.5403023362159729, 0.8414709568023682],
  [1, 1, 0.6479058265686035, 0.7617204189300537],
  [1, 63, 1.0, 0.00011547819303814322],
  [777, 0, -0.5177181959152222, -0.8555511832237244],
  [777, 1, 0.850699782371521, 0.5256518721580505],
  [777, 17, -0.255938857793808, -0.9666929841041565],
  [8191, 0, -0.6463904976844788, -0.7630068063735962],
  [8191, 1, 0.8242307305335999, -0.5662540793418884],
  [8191, 17, 0.7721368074417114, -0.6354563236236572],
  [8191, 63, 0.5850278735160828, 0.8110131621360779],
];
const LINEAR: [number, number, number, number][] = [
  [1, 0, 0.9689124226570129, 0.24740396440029144],
  [777, 1, 0.13792917132377625, -0.9904420971870422],
  [8191, 17, 0.17130081355571747, 0.9852187633514404],
];
const head = { headDim: 128, ropeTheta: 10_000 };

describe('createRopeTables', () => {
  it.each(DEFAULT)(
    'computes cosine and sine of position %i, pair %i',
    (position, pair, cosine, sine) => {
      const { cos, sin } = createRopeTables({ ...head, ropeScaling: null })(position + 1);

      expect(cos.data[position * 64 + pair]).toBeCloseTo(cosine, 5);
      expect(sin.data[position * 64 + pair]).toBeCloseTo(sine, 5);
    },
  );

  it.each(LINEAR)(
    'applies linear scaling at position %i, pair %i',
    (position, pair, cosine, sine) => {
      const tables = createRopeTables({ ...head, ropeScaling: { type: 'linear', factor: 4 } });
      const { cos, sin } = tables(position + 1);

      expect(cos.data[position * 64 + pair]).toBeCloseTo(cosine, 5);
      expect(sin.data[position * 64 + pair]).toBeCloseTo(sine, 5);
    },
  );

  it('doubles the table when a position exceeds it, and reuses it otherwise', () => {
    const tables = createRopeTables({ headDim: 4, ropeTheta: 10_000, ropeScaling: null });
    const small = tables(1);

    expect(small.cos.shape).toEqual([256, 2]);
    expect(tables(256)).toBe(small);
    expect(tables(257).cos.shape).toEqual([512, 2]);
    expect(tables(2000).sin.shape).toEqual([2048, 2]);
    expect(tables(3).cos.shape).toEqual([2048, 2]);
  });
});
