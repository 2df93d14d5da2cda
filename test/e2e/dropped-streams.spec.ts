import { join } from 'node:path';

import { jest } from '@jest/globals';

import { dropStreams, timeShortRequest } from '../faults/drop-streams.js';
import { type EndlessPackage, makeEndlessPackage } from '../faults/endless-package.js';
import { type Service, startService } from './service.js';

jest.setTimeout(300_000);

let endless: EndlessPackage;
let service: Service;

beforeAll(async () => {
  endless = await makeEndlessPackage();
  service = await startService(
    { SALAMANDRA_MODEL: endless.directory },
    join(import.meta.dirname, '../faults/counting-service.mjs'),
  );
  await service.waitUntilReady();
});

afterAll(async () => {
  await service.stop();
  await endless.remove();
});

it('stops decoding within two steps after a client disconnects', async () => {
  const dropped = await dropStreams(service, { count: 10, afterMs: 500, maxTokens: 900 });

  expect(dropped).toHaveLength(10);
  for (const { tokensAfterCancel } of dropped) expect(tokensAfterCancel).toBeLessThanOrEqual(2);
  // The requests were being decoded when their clients disconnected.
  expect(Math.max(...dropped.map(({ tokens }) => tokens))).toBeGreaterThan(1);
  expect(await timeShortRequest(service)).toBeLessThan(5_000);
});
