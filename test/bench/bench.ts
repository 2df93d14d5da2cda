/**
 * `npm run bench`: speed and memory of the built product on this machine. Prints a table and writes
 * test/bench/results.json. Nothing is asserted: figures depend on the machine and on what else it does.
 */
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { openConverted } from '../converted-model.js';
import { benchCache } from './bench-cache.js';
import { benchEngine } from './bench-engine.js';
import { benchModel } from './bench-model.js';
import { MAX_P99_MS, measureHealthLatency } from './health-latency.js';
import { type BenchRow, printRows } from './timing.js';

const ROOT = join(import.meta.dirname, '../..');

const { values: options } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: join(ROOT, 'models/demo') },
    runs: { type: 'string', default: '7' },
    polls: { type: 'string', default: '2000' },
    out: { type: 'string', default: join(import.meta.dirname, 'results.json') },
  },
});
const runs = Number(options.runs);
const polls = Number(options.polls);

const machine = {
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 1e9),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
};
console.log(
  `${machine.processor}, ${machine.cores} cores, Node ${machine.node}; medians of ${runs}`,
);

const rows: BenchRow[] = [];
for (const precision of ['fp32', 'int8'] as const) {
  const model = await openConverted(options.checkpoint, precision);
  try {
    report(await benchModel(model, runs));
    report(await benchCache(model, options.checkpoint, runs));
    report(await benchEngine(model, runs));
  } finally {
    await model.close();
  }
}

const model = await openConverted(options.checkpoint, 'int8');
const health = await measureHealthLatency(model, polls).finally(() => model.close());
const verdict = health.p99Ms < MAX_P99_MS && health.failed === 0 ? 'pass' : 'FAIL';
console.log(
  `/health/live while ${health.captions} requests were captioned, ${health.polls} polls: ` +
    `p50 ${health.p50Ms.toFixed(1)} ms, p99 ${health.p99Ms.toFixed(1)} ms, ` +
    `max ${health.maxMs.toFixed(1)} ms, ${health.failed} failed; ` +
    `p99 under ${MAX_P99_MS} ms: ${verdict}`,
);
await writeFile(options.out, `${JSON.stringify({ machine, runs, rows, health }, null, 2)}\n`);

function report(measured: readonly BenchRow[]): void {
  printRows(measured);
  rows.push(...measured);
}
