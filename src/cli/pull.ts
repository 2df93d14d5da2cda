import { createInterface } from 'node:readline';

import { type Command, Option } from 'commander';

import { loadConfiguration } from '../config/configuration.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { loadHubSettings } from '../models/hub/hub-settings.js';
import type { ModelConditions, PullEvent, PullProgress } from '../models/install/pull-events.js';
import { pullModel, type PulledModel } from '../models/install/pull-model.js';
import { PACKAGE_FILES, type Precision, PRECISIONS } from '../models/package/manifest.js';
import { countParameters, KNOWN_MODELS } from '../models/package/known-models.js';
import { repositoryOf } from '../models/package/model-names.js';
import { type CommandContext, exampleHelp } from './command-context.js';
import { formatBytes, formatTable } from './formatting.js';
import type { Terminal } from './terminal.js';

interface PullOptions {
  readonly revision?: string;
  readonly precision: Precision;
  readonly keepSource?: true;
  readonly offline?: true;
}

/** Milliseconds between updates of the progress line. */
const REFRESH_MS = 200;

/** Adds `pull`. */
export function addPullCommand(program: Command, { terminal, signal }: CommandContext): void {
  program
    .command('pull')
    .description('download and convert a model; resumes an interrupted download')
    .argument('<model>', 'OWNER/NAME on the hub, or one of the short names below')
    .option('--revision <name>', 'branch, tag or commit (default: main)')
    .addOption(
      new Option(
        '--precision <precision>',
        'precision of the weights: fp32 is exact, int4 smallest',
      )
        .choices(PRECISIONS)
        .env('SALAMANDRA_PRECISION')
        .default('int4'),
    )
    .option(
      '--keep-source',
      'keep the checkpoint after the conversion, for another precision later',
    )
    .option('--offline', 'convert from files on this machine; no network')
    .addHelpText(
      'after',
      `
Short names:
${listKnownModels()}

Environment variables:
  HF_ENDPOINT  URL of the hub or a mirror (default: https://huggingface.co)
  HF_TOKEN     access token for private and gated models
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS: proxy and certificates`,
    )
    .addHelpText('after', exampleHelp('pull 7b-vision', 'serve --model 7b-vision'))
    .action(async (model: string, options: PullOptions) => {
      const settings = await loadHubSettings(process.env);
      const hub = options.offline ? { ...settings, network: 'offline' as const } : settings;
      const request = {
        home: loadConfiguration(process.env).home,
        repository: repositoryOf(model),
        revision: options.revision ?? null,
        precision: options.precision,
        source: options.keepSource ? 'keep' : 'delete',
      } as const;
      const onEvent = createReporter(hub.endpoint, terminal);
      const accept = (conditions: ModelConditions) => askForConsent(conditions, terminal, signal);
      try {
        printPulled(await pullModel(request, { hub, onEvent, accept, signal }), terminal);
      } catch (error) {
        if (signal.aborted) terminal.note('Stopped. Run the same command again to resume.');
        throw error;
      }
    });
}

/** The help on short names: each with its repository, size and input. */
function listKnownModels(): string {
  const rows = KNOWN_MODELS.map(({ name, repository, shape, access, use }) => [
    name,
    repository,
    `${(countParameters(shape) / 1e9).toFixed(1)} B`,
    [
      shape.vision ? 'images, text' : use === 'base' ? 'text, base' : 'text',
      ...(access === 'gated' ? ['gated'] : []),
    ].join(', '),
  ]);
  return formatTable(rows, { rightAligned: [2] })
    .map((line) => `  ${line}`)
    .join('\n');
}

/** Prints the events of a pull. */
function createReporter(endpoint: string, terminal: Terminal): (event: PullEvent) => void {
  const describe = createPullProgress(() => performance.now());
  let shownStep = '';
  let shownMs = -Infinity;
  return (event) => {
    switch (event.kind) {
      case 'model-found': {
        const { repository, commit, licence } = event;
        terminal.note(`${endpoint}/${repository}`);
        terminal.note(`commit ${commit.slice(0, 7)}, license: ${licence}`);
        return;
      }
      case 'note':
        terminal.note(`Note: ${event.note}`);
        return;
      case 'size-known': {
        const { downloadBytes, packageBytes } = event;
        const sizes = [downloadBytes, packageBytes].map(formatBytes);
        terminal.note(`Download: ${sizes[0] ?? ''}. Converted package: ${sizes[1] ?? ''}`);
        return;
      }
      case 'progress': {
        const { step, file } = event.progress;
        const now = performance.now();
        if (`${step} ${file}` === shownStep && now - shownMs < REFRESH_MS) return;
        shownStep = `${step} ${file}`;
        shownMs = now;
        const { text, brief } = describe(event.progress);
        terminal.progress(text, brief);
        return;
      }
      case 'waiting': {
        const { text, brief } = describePause(event);
        terminal.progress(text, brief);
        // Keeps the message visible while other downloads report progress.
        shownMs = performance.now();
        return;
      }
      case 'other-pull':
        terminal.progress('Another process is pulling this model. Waiting for it');
        return;
    }
  };
}

/** The line about a pause between two attempts. */
export function describePause({
  reason,
  milliseconds,
}: Pick<Extract<PullEvent, { kind: 'waiting' }>, 'reason' | 'milliseconds'>): ProgressText {
  switch (reason) {
    case 'hub-busy': {
      // Also in log files: without the number, minutes of silence look like a hang.
      const text = `The hub limits requests; waiting ${Math.ceil(milliseconds / 1000)} s.`;
      return { text, brief: text };
    }
    case 'hub-broken':
      return describeAttempt('The connection was interrupted.', milliseconds);
    case 'hub-unreachable':
      return describeAttempt('The hub is unreachable.', milliseconds);
  }
}

function describeAttempt(problem: string, milliseconds: number): ProgressText {
  const pause = formatRoughDuration(milliseconds / 1000);
  return { text: `${problem} Next attempt in ${pause}`, brief: problem };
}

/** Asks on a terminal. Elsewhere accepts: the hub has already granted access to this account. */
async function askForConsent(
  { repository, licence, address }: ModelConditions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<boolean> {
  terminal.note(`${repository} is gated. Conditions: ${address} (license: ${licence})`);
  if (!process.stdin.isTTY) return true;
  terminal.note('Do you accept them? Type yes or no.');
  terminal.prompt();
  const lines = createInterface({ input: process.stdin });
  const close = () => lines.close();
  signal.addEventListener('abort', close);
  try {
    for await (const line of lines) {
      if (/^\s*y(es)?\s*$/i.test(line)) return true;
      if (/^\s*n(o)?\s*$/i.test(line)) return false;
      terminal.prompt();
    }
    return false;
  } finally {
    signal.removeEventListener('abort', close);
    close();
    // An open terminal would keep the process alive.
    process.stdin.unref();
  }
}

function printPulled({ manifest, outcome }: PulledModel, terminal: Terminal): void {
  const { id, precision, source, vision, files } = manifest;
  if (!source.hub)
    throw new SalamandraError('INTERNAL', 'The manifest of a pulled model has no hub source.');
  terminal.clearProgress();
  if (outcome === 'already-installed') terminal.note('The model is already installed.');
  terminal.result(`${id} ${precision} ${source.hub.commit}`);
  const canChat = files[PACKAGE_FILES.chatTemplate] !== undefined;
  const use = vision ? 'caption FILE' : canChat ? 'ask "QUESTION"' : 'complete "TEXT"';
  terminal.note(`Use it: npx salamandra ${use} --model ${id}`);
  terminal.note(`or start the service: npx salamandra serve --model ${id}`);
}

/** `text` is for a terminal; `brief` changes rarely and is for log files. */
export interface ProgressText {
  readonly text: string;
  readonly brief: string;
}

/** Characters. The longest line fits 80 columns. */
const BAR_WIDTH = 10;
/** Window of the moving average of a rate, and the shortest time span that gives a stable one. */
const RATE_WINDOW_MS = 15_000;
const MIN_RATE_MS = 2_000;
const DONE_STEPS = 10;

/**
 * Formats the progress of a pull, with rate and remaining time. The remaining time includes download and conversion,
 * each at its own rate. Before the first conversion it includes the download only.
 *
 * @param now a monotonic clock in milliseconds.
 * @returns a function to call a few times per second, and at each new step.
 */
export function createPullProgress(now: () => number): (progress: PullProgress) => ProgressText {
  const download = createRate(now);
  const convert = createRate(now);
  return (progress) => {
    const { step, downloadedBytes, convertedBytes, totalBytes } = progress;
    download.record(step === 'download' || step === 'prepare', downloadedBytes);
    convert.record(step === 'convert', convertedBytes);
    const done = totalBytes === 0 ? 1 : shareDone(progress);
    const stepName = describeStep(progress);
    const rate = step === 'download' ? download.bytesPerSecond() : null;
    const left = secondsLeft(progress, download.bytesPerSecond(), convert.bytesPerSecond());
    const parts = [
      `${stepName} ${bar(done)} ${Math.floor(done * 100)} %`,
      `${formatBytes(downloadedBytes)} of ${formatBytes(totalBytes)}`,
      ...(rate === null ? [] : [`${formatBytes(rate)}/s`]),
      ...(left === null || step === 'finish' ? [] : [`${formatRoughDuration(left)} left`]),
    ];
    const rough = Math.floor(done * DONE_STEPS) * (100 / DONE_STEPS);
    const brief = step === 'prepare' ? stepName : `${stepName}, ${rough} %`;
    return { text: parts.join(', '), brief };
  };
}

/** Share of the pull that is done, 0 to 1. A downloaded byte counts as much as a converted one. */
function shareDone({ step, downloadedBytes, convertedBytes, totalBytes }: PullProgress): number {
  return step === 'prepare'
    ? downloadedBytes / totalBytes
    : (downloadedBytes + convertedBytes) / (2 * totalBytes);
}

function describeStep({ step, file, files }: PullProgress): string {
  const position = files > 1 ? ` ${file}/${files}` : '';
  switch (step) {
    case 'prepare':
      return 'Downloading tokenizer';
    case 'download':
      return `Downloading${position}`;
    case 'check':
      return `Checking${position}`;
    case 'convert':
      return `Converting${position}`;
    case 'finish':
      return 'Finishing';
  }
}

/** Remaining time in seconds; `null` until the rate is known. */
function secondsLeft(
  { step, downloadedBytes, convertedBytes, totalBytes }: PullProgress,
  downloadRate: number | null,
  convertRate: number | null,
): number | null {
  const missing = totalBytes - downloadedBytes;
  if (missing > 0 && downloadRate === null) return null;
  const downloading = missing > 0 && downloadRate ? missing / downloadRate : 0;
  if (step === 'prepare') return downloading;
  const unconverted = totalBytes - convertedBytes;
  if (convertRate === null) return missing > 0 ? downloading : null;
  return downloading + unconverted / convertRate;
}

/** A moving average of a byte counter's rate, over the time in which its step is active. */
function createRate(now: () => number) {
  let samples: { readonly ms: number; readonly bytes: number }[] = [];
  let last: number | null = null;
  return {
    record(isActive: boolean, bytes: number): void {
      if (!isActive) {
        // Pauses between active periods do not count. The last rate stays valid.
        samples = [];
        return;
      }
      const ms = now();
      samples.push({ ms, bytes });
      // Keeps one sample before the window, so that the samples span all of it.
      while (ms - (samples[1]?.ms ?? ms) > RATE_WINDOW_MS) samples.shift();
      const [first] = samples;
      if (first && ms - first.ms >= MIN_RATE_MS) {
        last = (1000 * (bytes - first.bytes)) / (ms - first.ms);
      }
    },
    bytesPerSecond: () => (last !== null && last > 0 ? last : null),
  };
}

function bar(done: number): string {
  const filled = Math.round(done * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`;
}

/** Formats a duration with one or two units: `40 s`, `12 min`, `2 h 5 min`. */
export function formatRoughDuration(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
