import { requestLimits } from './worker-engine.js';

const minutes = (ms: number) => Math.round(ms / 6_000) / 10;

describe('requestLimits', () => {
  it.each([
    ['the demo model', 12e6, 2, 0.5],
    ['a 7B model in int4', 4.5e9, 15.5, 1.3],
    ['a 40B model in int4', 22e9, 68, 4.2],
  ])(
    'scales both limits with the weights of %s',
    (_, weightBytes, requestMinutes, cancelMinutes) => {
      const { requestMs, cancelMs } = requestLimits(weightBytes);

      expect([minutes(requestMs), minutes(cancelMs)]).toEqual([requestMinutes, cancelMinutes]);
    },
  );
});
