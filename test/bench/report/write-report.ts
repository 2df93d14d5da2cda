import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { format, resolveConfig } from 'prettier';

import { median } from '../median.js';
import type { HealthLatency } from '../health-latency.js';
import type { Run } from '../run-jobs.js';
import type { Row } from '../rows/row.js';
import { choosePlots, drawPlots, type Plot } from './draw-plots.js';
import { evaluateRows, type RowResult } from './evaluate-rows.js';
import { cellsOf, formatMarkdown, formatNumber, HEADINGS } from './format-table.js';

/** What results.json holds. */
export interface BenchResults {
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly node: string;
    readonly platform: string;
  };
  readonly date: string;
  readonly threads: number;
  readonly rounds: number;
  readonly health: HealthLatency | null;
  readonly runs: readonly Run[];
}

const BENCH = join(import.meta.dirname, '..');
export const RESULTS_FILE = join(BENCH, 'results.json');

/** @throws Error when nothing was measured yet. */
export function readResults(): BenchResults {
  if (!existsSync(RESULTS_FILE)) throw new Error('Nothing was measured yet: npm run bench.');
  return JSON.parse(readFileSync(RESULTS_FILE, 'utf8')) as BenchResults;
}

/** Writes RESULTS.md and the plots it shows. */
export async function writeReport(kept: BenchResults, rows: readonly Row[]): Promise<void> {
  const results = evaluateRows(rows, kept.runs);
  const plots = choosePlots(results);
  await drawPlots(plots, join(BENCH, 'plots'));
  const page = join(BENCH, 'RESULTS.md');
  const style = await resolveConfig(page);
  writeFileSync(page, await format(describe(kept, results, plots), { ...style, filepath: page }));
}

function describe(
  kept: BenchResults,
  results: readonly RowResult[],
  plots: readonly Plot[],
): string {
  const { machine, date, threads, rounds, health } = kept;
  const asked = results.filter(({ target }) => target !== null);
  const reached = asked.filter((result) => result.reached);
  const measured = results.filter(({ service }) => !Number.isNaN(service));
  return (
    [
      '# Speed and memory',
      'Made by `npm run bench`; the runs behind it are in `results.json`.',
      `${machine.processor}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}, Node ${machine.node}, ` +
        `${date}. ${threads} threads, medians of ${rounds} runs at most, every run in a process of its own; those that are ` +
        'compared took turns. Shapes are those of the published models, weights are random, except for `demo`, which is ' +
        'the bundled model where pictures are seen.',
      ...plots.map(({ name, title }) => `![${title}](plots/${name}.svg)`),
      '## Targets',
      `${reached.length} of ${asked.length} reached.`,
      formatMarkdown(
        ['', 'ratio', 'target', ''],
        asked.map((result) => {
          const [title, , , , , , ratio, target, verdict] = cellsOf(result);
          return [title!, ratio!, target!, verdict!];
        }),
      ),
      '## All rows',
      formatMarkdown(HEADINGS, measured.map(cellsOf)),
      ...(measured.length < results.length
        ? [
            `Not measured in these runs: ${results.length - measured.length} of ${results.length} rows.`,
          ]
        : []),
      '`compared` is what the title names: another precision, another way to ask, or one sequence. Of the limit: for prefill ' +
        'the multiply-adds of all layers against products of bytes, for decode the weights, keys and values that a ' +
        'step reads against the speed of the memory.',
      '## Limits of this machine',
      describeLimits(kept),
      '## What is compared',
      describeFairness(results),
      ...(health
        ? [
            '## While it works',
            `\`/health/live\`, ${health.polls} polls while ${health.captions} requests were captioned: median ` +
              `${health.p50Ms.toFixed(1)} ms, 99th percentile ${health.p99Ms.toFixed(1)} ms, longest ` +
              `${health.maxMs.toFixed(1)} ms, ${health.failed} failed.`,
          ]
        : []),
    ].join('\n\n') + '\n'
  );
}

function describeLimits({ runs }: BenchResults): string {
  const ofRounds = (figure: string, digits: number) => {
    const values = runs
      .filter(({ job }) => job.kind === 'limits')
      .map(({ figures }) => (figures[figure] ?? NaN) / 1e9);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const range = `${least.toFixed(digits)} to ${most.toFixed(digits)}`;
    return values.length > 1
      ? `${median(values).toFixed(digits)} (${range})`
      : most.toFixed(digits);
  };
  return (
    `Memory: ${ofRounds('bytesPerSecond', 1)} GB/s, the C library's search for a byte in half a gigabyte for each ` +
    `thread. Arithmetic: ${ofRounds('int8OperationsPerSecond', 0)} billion operations a second, a ` +
    "multiply-add being two, in ONNX Runtime's `MatMulIntegerToFloat` of 512 x 4,096 by 4,096 x 8,192. Each is the best of " +
    'several tries, made anew in every round, with the least and the most of all; shares above are of the median over the ' +
    'rounds of the same rows.'
  );
}

function describeFairness(results: readonly RowResult[]): string {
  const bytes = results.find(({ name }) => name === 'decode-770')?.bytesPerToken;
  const gigabytes = (value: number | undefined) => `${formatNumber((value ?? NaN) / 1e9)} GB`;
  return [
    '- All read the same token ids, as many of them, and write as many, always the likeliest. Times are from token ids to ' +
      'token ids; loading is left out.',
    '- **node-llama-cpp** has its own prebuilt binary and its defaults. Its file is what llama.cpp makes of such a model as ' +
      'Q4_0: layers of 4.5 bits a weight, a head of 6.6 (Q6_K), keys and values in 16 bits. Every prompt and length is run ' +
      'with and without flash attention, and the better figure counts. Several ' +
      'answers go through its own batching.',
    '- **transformers.js** runs `generate` on the same ONNX Runtime, over a graph in the layout of the usual `q4` exports: ' +
      'MatMulNBits in blocks of 32, 5 bits a weight with the scales, rotary positions inside GroupQueryAttention, ' +
      'activations in eight bits, and scores for the last position only.',
    '- **This service** has the precision `mixed`: eight bits a weight for prompts, blocks of four for answers, keys and ' +
      'values in eight bits. Its figures are those of its decoder, as its engine drives it; those of pictures, languages ' +
      'and clients go through the engine and its worker process.',
    `- A step after 770 tokens reads ${gigabytes(bytes?.service)} here, ${gigabytes(bytes?.llama)} in llama.cpp and ` +
      `${gigabytes(bytes?.transformers)} in transformers.js.`,
    '- Peak memory is that of the process that holds the model, with what is mapped of its files.',
  ].join('\n');
}
