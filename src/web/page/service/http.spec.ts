import { postJson } from './http.js';

describe('a change', () => {
  const { fetch } = globalThis;
  const signals: (AbortSignal | null | undefined)[] = [];

  beforeEach(() => {
    signals.length = 0;
    globalThis.fetch = (_, init) => {
      signals.push(init?.signal);
      return Promise.resolve(Response.json({ texts: 2 }));
    };
  });

  afterEach(() => {
    globalThis.fetch = fetch;
  });

  it('has a time limit', async () => {
    expect(await postJson('v1/jobs', {})).toEqual({ texts: 2 });
    expect(signals).toEqual([expect.any(AbortSignal)]);
  });

  it('has none when its duration grows with the job', async () => {
    await postJson('v1/jobs/job_1/review', {}, { timeoutMs: null });
    expect(signals).toEqual([null]);
  });
});
