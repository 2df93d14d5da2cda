/**
 * `npm run bench [-- ROW ...]`: compares this service with node-llama-cpp and transformers.js on this machine's
 * processor. Prints a table, stores the runs in results.json, and writes RESULTS.md with its plots. Asserts nothing,
 * since the figures depend on the machine and its load. Packages and peer files with random weights are created once,
 * in the bench folder. Each run is stored when it ends. `--quick` measures a few rows once. Rows can be selected by
 * name; then `--update` stores their runs.
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { measureHealthLatency } from './health-latency.js';
import { type Job, modelsOf, servicePackage } from './measure/job.js';
import {
  estimateBytes,
  diskBytes,
  gigabytes,
  makeModel,
  modelPath,
  removeModel,
} from './models/bench-home.js';
import type { BenchModel } from './models/bench-shapes.js';
import { installPeers } from './peers/load-peer.js';
import { evaluateRows } from './report/evaluate-rows.js';
import { formatTable } from './report/format-table.js';
import {
  type BenchResults,
  readResults,
  RESULTS_FILE,
  writeReport,
} from './report/write-report.js';
import { keyOf, keyOfRun, type Run, runInTurns } from './run-jobs.js';
import { LIMITS, type Row } from './rows/row.js';
import { chooseRows, ROWS } from './rows/rows.js';

const ROOT = join(import.meta.dirname, '../..');
/** Approximate duration of a process on two cores. */
const SECONDS_PER_PROCESS = 22;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    threads: { type: 'string', default: '2' },
    home: {
      type: 'string',
      default: process.env['SALAMANDRA_BENCH_HOME'] ?? join(ROOT, '.cache/bench'),
    },
    polls: { type: 'string', default: '2000' },
    /** Replaces the stored runs of the measured rows and keeps the others. */
    update: { type: 'boolean', default: false },
    /** Writes RESULTS.md and its plots from the stored runs. */
    report: { type: 'boolean', default: false },
  },
});
const { home } = options;
const threads = Number(options.threads);
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));

installPeers();
if (options.report) {
  await writeReport(readResults(), ROWS);
} else {
  await bench(chooseRows(positionals, options.quick));
}

async function bench(rows: readonly Row[]): Promise<void> {
  const isWhole = rows.length === ROWS.length;
  const kept = options.update ? readResults() : null;
  const runs: Run[] = [];
  const results = (health: BenchResults['health']) =>
    kept ? updated(kept, runs) : describeResults(health, runs);
  const save = (health: BenchResults['health'] = null) => {
    if (isWhole || kept)
      writeFileSync(RESULTS_FILE, `${JSON.stringify(results(health), null, 1)}\n`);
  };
  announce(rows);
  for (const list of new Set(rows.map((row) => row.list))) {
    const jobs = distinctJobs(rows.filter((row) => row.list === list));
    const models = distinctModels(jobs);
    try {
      for (const model of models) await makeModel(home, model);
    } catch (error) {
      // For example if the disk is full: the other lists have other models.
      for (const job of jobs) onFailure(job, error);
      continue;
    }
    await runInTurns(
      list,
      [LIMITS, ...jobs],
      rounds,
      { home, threads },
      {
        onRun: (run, done, total) => {
          // Hours of measuring must not be lost if this process ends.
          runs.push(run);
          save();
          onRun(run, done, total);
        },
        onFailure,
      },
    );
    if (list === '7b') for (const model of models) removeModel(home, model);
    console.log(
      `\n${formatTable(
        evaluateRows(
          rows.filter((row) => row.list === list),
          runs,
        ),
      )}\n`,
    );
  }
  if (!isWhole && !kept) return;
  const health = isWhole ? await pollHealth() : null;
  save(health);
  await writeReport(results(health), ROWS);
  console.log(formatTable(evaluateRows(ROWS, results(health).runs)));
}

function describeResults(health: BenchResults['health'], runs: readonly Run[]): BenchResults {
  const machine = {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
  const date = new Date().toISOString().slice(0, 10);
  return { machine, date, threads, rounds, health, runs };
}

/** The machine's limits are renewed only with all rows of their list, because the other rows are shares of them. */
function updated(kept: BenchResults, runs: readonly Run[]): BenchResults {
  const measured = new Set(runs.map(keyOfRun));
  const isLimits = ({ job }: Run) => job.kind === 'limits';
  const isPartial = (list: string) =>
    kept.runs.some((run) => run.list === list && !isLimits(run) && !measured.has(keyOfRun(run)));
  const added = runs.filter((run) => !isLimits(run) || !isPartial(run.list));
  const renewed = new Set(added.map(keyOfRun));
  const others = kept.runs.filter((run) => !renewed.has(keyOfRun(run)));
  return { ...kept, rounds: Math.max(kept.rounds, rounds), runs: [...others, ...added] };
}

function announce(rows: readonly Row[]): void {
  const jobs = distinctJobs(rows);
  const missing = distinctModels(jobs).filter((model) => diskBytes(modelPath(home, model)) === 0);
  const bytes = missing.reduce((sum, model) => sum + estimateBytes(model), 0);
  const minutes = Math.ceil((jobs.length * rounds * SECONDS_PER_PROCESS) / 60);
  console.log(
    `${rows.length} rows, ${jobs.length} measurements ${rounds} times each, ${threads} threads: about ${minutes} minutes. ` +
      `${home} holds ${gigabytes(diskBytes(home))} GB` +
      (bytes > 0 ? `; ${gigabytes(bytes)} GB of random weights will be made there first.` : '.'),
  );
}

function distinctJobs(rows: readonly Row[]): Job[] {
  return [...new Map(rows.flatMap(({ jobs }) => jobs).map((job) => [keyOf(job), job])).values()];
}

function distinctModels(jobs: readonly Job[]): BenchModel[] {
  const models = jobs.flatMap(modelsOf).map((model) => [modelPath(home, model), model] as const);
  return [...new Map(models).values()];
}

function onRun({ job, figures }: Run, done: number, total: number): void {
  const { peakBytes = 0, ...others } = figures;
  const texts = Object.entries(others).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
  const what = Object.values(job).join(' ');
  console.log(`${done}/${total}  ${what}: ${texts.join(', ')}; ${gigabytes(peakBytes)} GB`);
}

function onFailure(job: Job, error: unknown): void {
  process.exitCode = 1;
  console.error(`left out: ${Object.values(job).join(' ')}: ${String(error)}`);
}

async function pollHealth(): Promise<BenchResults['health']> {
  try {
    const model = servicePackage('demo');
    await makeModel(home, model);
    return await measureHealthLatency(modelPath(home, model), 'mixed', Number(options.polls));
  } catch (error) {
    process.exitCode = 1;
    console.error(`left out: health: ${String(error)}`);
    return null;
  }
}
