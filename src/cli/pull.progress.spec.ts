import type { PullProgress } from '../models/install/pull-events.js';
import { createPullProgress, describePause, formatRoughDuration } from './pull.js';

const GB = 1e9;

function at(changes: Partial<PullProgress>): PullProgress {
  return {
    ...{ step: 'download', file: 1, files: 4 },
    ...{ downloadedBytes: 0, convertedBytes: 0, totalBytes: 16 * GB },
    ...changes,
  };
}

describe('createPullProgress', () => {
  let ms: number;
  let describeProgress: ReturnType<typeof createPullProgress>;
  beforeEach(() => {
    ms = 0;
    describeProgress = createPullProgress(() => ms);
  });

  it('shows no remaining time before the rate is known', () => {
    describeProgress(at({}));
    ms = 1_000;
    const { text } = describeProgress(at({ downloadedBytes: GB }));
    expect(text).toBe('Downloading 1/4 [..........] 3 %, 1.0 GB of 16.0 GB');
  });

  it('shows rate and remaining time of a download', () => {
    describeProgress(at({}));
    ms = 10_000;
    const { text, brief } = describeProgress(at({ downloadedBytes: GB }));

    // 15 GB at 100 MB/s.
    expect(text).toContain('1.0 GB of 16.0 GB, 100 MB/s, 3 min left');
    expect(brief).toBe('Downloading 1/4, 0 %');
  });

  it('adds the conversion time once its rate is known', () => {
    describeProgress(at({}));
    ms = 10_000;
    describeProgress(at({ downloadedBytes: 4 * GB }));
    const converting = { step: 'convert', downloadedBytes: 4 * GB } as const;
    describeProgress(at(converting));
    ms = 30_000;
    const { text } = describeProgress(at({ ...converting, convertedBytes: 4 * GB }));

    // 12 GB at 400 MB/s and 12 GB at 200 MB/s.
    expect(text).toBe('Converting 1/4 [###.......] 25 %, 4.0 GB of 16.0 GB, 2 min left');
  });

  it('leaves conversion time out of the download rate', () => {
    describeProgress(at({}));
    ms = 10_000;
    describeProgress(at({ downloadedBytes: 4 * GB }));
    describeProgress(at({ step: 'convert', downloadedBytes: 4 * GB }));
    ms = 500_000;
    const { text } = describeProgress(at({ file: 2, downloadedBytes: 4 * GB }));

    expect(text).toContain('400 MB/s');
  });

  it('averages over the last 15 s only', () => {
    for (ms = 0; ms <= 60_000; ms += 1_000) {
      const fast = Math.min(ms, 30_000) * 1e5;
      const slow = Math.max(0, ms - 30_000) * 1e3;
      describeProgress(at({ downloadedBytes: fast + slow }));
    }
    const { text } = describeProgress(at({ downloadedBytes: 30_000 * 1e5 + 31_000 * 1e3 }));
    expect(text).toContain('1.0 MB/s');
  });

  it('has a brief text for small files and for the last step', () => {
    const small = { step: 'prepare', file: 0, files: 0, totalBytes: 19e6 } as const;
    expect(describeProgress(at({ ...small, downloadedBytes: 1e6 })).brief).toBe(
      'Downloading tokenizer',
    );
    const all = { downloadedBytes: 16 * GB, convertedBytes: 16 * GB };
    expect(describeProgress(at({ step: 'finish', file: 4, ...all })).brief).toBe(
      'Finishing, 100 %',
    );
  });
});

describe('formatRoughDuration', () => {
  it.each([
    [0.2, '1 s'],
    [59, '59 s'],
    [60, '1 min'],
    [3_570, '1 h 0 min'],
    [7_500, '2 h 5 min'],
  ])('shows %d seconds as %s', (seconds, expected) => {
    expect(formatRoughDuration(seconds)).toBe(expected);
  });
});

describe('describePause', () => {
  it.each([
    ['hub-busy', 142_100, 'The hub limits requests; waiting 143 s.'],
    ['hub-broken', 4_000, 'The connection was interrupted. Next attempt in 4 s'],
    ['hub-unreachable', 61_000, 'The hub is unreachable. Next attempt in 1 min'],
  ] as const)('describes a pause because of %s', (reason, milliseconds, text) => {
    expect(describePause({ reason, milliseconds }).text).toBe(text);
  });

  it('names the seconds of a rate limit in log files too', () => {
    expect(describePause({ reason: 'hub-busy', milliseconds: 5_000 }).brief).toContain('5 s');
  });
});
