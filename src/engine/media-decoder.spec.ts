import { about, openRunner } from '../../test/fakes/requests.js';

describe('decodeInTurn', () => {
  it('decodes the picture of whoever waits before the next ones of a long job', async () => {
    const { parts, run } = await openRunner();
    const { tile } = parts.mediaDecoder;
    const decoded: number[] = [];
    let isDecoding = false;
    parts.mediaDecoder.tile = async (request, signal) => {
      expect(isDecoding).toBe(false);
      isDecoding = true;
      decoded.push(request.bytes[0] ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      isDecoding = false;
      return await tile(request, signal);
    };
    const job = { priority: 'batch', client: 'job' } as const;

    await Promise.all([
      ...[1, 2, 3].map((picture) => run(about(picture, ['Què hi ha?'], job))),
      run(about(9, ['Què hi ha?'], { client: 'visitor' })),
    ]);

    expect(decoded).toEqual([1, 9, 2, 3]);
  });
});
