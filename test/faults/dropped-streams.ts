/**
 * `npm run faults`: 200 clients disconnect in the middle of a stream. The worker must stop within two decode steps
 * after each cancellation, and in most cases within two steps after the disconnect, which takes longer to arrive on a
 * busy machine. A short request afterwards must be answered at once. Exits with 1 if a limit is broken.
 */
import { fileURLToPath } from 'node:url';

import { startService } from '../e2e/service.js';
import { median } from '../bench/median.js';
import { dropStreams, timeShortRequest } from './drop-streams.js';
import { makeEndlessPackage } from './endless-package.js';

const STREAMS = 200;
const DROP_AFTER_MS = 500;
/** The context of the bundled model is 1,024 tokens, including the prompt. */
const MAX_TOKENS = 950;
const MAX_TOKENS_AFTER = 2;
const MAX_SHORT_REQUEST_MS = 5_000;

const endless = await makeEndlessPackage();
const service = await startService(
  { SALAMANDRA_MODEL: endless.directory },
  fileURLToPath(new URL('counting-service.mjs', import.meta.url)),
);
try {
  await service.waitUntilReady();
  const startMs = performance.now();
  const dropped = await dropStreams(service, {
    count: STREAMS,
    afterMs: DROP_AFTER_MS,
    maxTokens: MAX_TOKENS,
  });
  const shortMs = await timeShortRequest(service);

  const afterDrop = dropped.map(({ tokensAfterDrop }) => tokensAfterDrop);
  const afterCancel = dropped.map(({ tokensAfterCancel }) => tokensAfterCancel);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  console.log(`${STREAMS} streams, each closed after ${DROP_AFTER_MS} ms, in ${seconds} s`);
  console.log(`tokens per stream: ${summarise(dropped.map(({ tokens }) => tokens))}`);
  console.log(`tokens after the disconnect: ${summarise(afterDrop)}`);
  console.log(`tokens after the cancellation: ${summarise(afterCancel)}`);
  console.log(`ms until the worker was idle: ${summarise(dropped.map((one) => one.freeAfterMs))}`);
  console.log(`ms for ten tokens afterwards: ${shortMs.toFixed(0)}`);
  const isGood =
    Math.max(...afterCancel) <= MAX_TOKENS_AFTER &&
    median(afterDrop) <= MAX_TOKENS_AFTER &&
    shortMs < MAX_SHORT_REQUEST_MS;
  process.exitCode = isGood ? 0 : 1;
} finally {
  await service.stop();
  await endless.remove();
}

function summarise(values: readonly number[]): string {
  return `${Math.min(...values)} to ${Math.max(...values)}, median ${median(values)}`;
}
