import { createGuardedLookup } from './ssrf-guard.js';

const allowsAddress = (address: string) => address !== '10.0.0.1';

function look(answers: string[], all: boolean): Promise<unknown[]> {
  const lookup = createGuardedLookup({
    resolve: () => Promise.resolve(answers),
    allowsAddress: allowsAddress,
  });
  return new Promise((resolve) => {
    lookup('media.test', { all }, (...results) => resolve(results));
  });
}

it('gives a socket all addresses of a name, or the first', async () => {
  const answers = ['1.1.1.1', '2606:4700::1111'];

  expect(await look(answers, true)).toEqual([
    null,
    [
      { address: '1.1.1.1', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ],
  ]);
  expect(await look(answers, false)).toEqual([null, '1.1.1.1', 4]);
});

it.each([true, false])('rejects a host with one forbidden address, with all: %s', async (all) => {
  const rejected = [expect.objectContaining({ code: 'MEDIA_URL_REJECTED' }), []];

  expect(await look(['1.1.1.1', '10.0.0.1'], all)).toEqual(rejected);
  expect(await look([], all)).toEqual(rejected);
});
