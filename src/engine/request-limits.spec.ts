import { requestLimits } from './request-limits.js';

const minutes = (ms: number) => Math.round(ms / 6_000) / 10;

describe('requestLimits', () => {
  it.each([
    ['the demo', 12e6, 2, 0.5],
    ['7B in four bits', 4.5e9, 15.5, 1.3],
    ['40B in four bits', 22e9, 68, 4.2],
  ])('gives %s time to answer and to notice', (_, weightBytes, request, cancel) => {
    const { requestMs, cancelMs } = requestLimits(weightBytes);

    expect([minutes(requestMs), minutes(cancelMs)]).toEqual([request, cancel]);
  });
});
