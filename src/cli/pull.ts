import { createInterface } from 'node:readline';

import { type Command, Option } from 'commander';

import { loadConfiguration } from '../config/configuration.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { loadHubSettings } from '../models/hub/hub-settings.js';
import type { ModelConditions, PullEvent, PullProgress } from '../models/install/pull-events.js';
import { pullModel, type PulledModel } from '../models/install/pull-model.js';
import { PACKAGE_FILES, type Precision, PRECISIONS } from '../models/package/manifest.js';
import { repositoryOf } from '../models/package/model-names.js';
import { formatBytes } from './formatting.js';
import type { Terminal } from './terminal.js';

interface PullOptions {
  readonly revision?: string;
  readonly precision: Precision;
  readonly keepSource?: true;
  readonly offline?: true;
}

/** Milliseconds between two states of the progress line: what eyes can follow. */
const REFRESH_MS = 200;

const PAUSES = {
  'hub-busy': 'The hub is busy',
  'hub-broken': 'The connection broke',
  'hub-unreachable': 'The hub cannot be reached',
} as const;

/** Adds `pull`, which brings a model from a hub to this machine. */
export function addPullCommand(program: Command, terminal: Terminal, signal: AbortSignal): void {
  program
    .command('pull')
    .description('fetch a model from a hub and make a package of it; a broken one goes on')
    .argument('<model>', 'OWNER/NAME at the hub, or 2b, 7b, 7b-vision, 40b')
    .option('--revision <name>', 'a branch, a tag or a commit (default: the newest)')
    .addOption(
      new Option('--precision <precision>', 'size against exactness')
        .choices(PRECISIONS)
        .env('SALAMANDRA_PRECISION')
        .default('int4'),
    )
    .option('--keep-source', 'keep the files of the checkpoint after converting them')
    .option('--offline', 'use the files on this machine alone')
    .addHelpText(
      'after',
      `
Environment:
  HF_ENDPOINT  address of the hub or of a mirror (default: https://huggingface.co)
  HF_TOKEN     for private and gated models
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS`,
    )
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
        if (signal.aborted) terminal.note('Stopped. The same command goes on from here.');
        throw error;
      }
    });
}

/** Shows what a pull tells. */
function createReporter(endpoint: string, terminal: Terminal): (event: PullEvent) => void {
  const describe = createPullProgress(() => performance.now());
  let shownStep = '';
  let shownMs = -Infinity;
  return (event) => {
    switch (event.kind) {
      case 'model-found': {
        const { repository, commit, licence } = event;
        terminal.note(`${endpoint}/${repository}`);
        terminal.note(`commit ${commit.slice(0, 7)}, licence: ${licence}`);
        return;
      }
      case 'size-known': {
        const { downloadBytes, packageBytes } = event;
        const sizes = [downloadBytes, packageBytes].map(formatBytes);
        terminal.note(`${sizes[0] ?? ''} to fetch, ${sizes[1] ?? ''} when converted`);
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
        const pause = formatRoughDuration(event.milliseconds / 1000);
        terminal.progress(
          `${PAUSES[event.reason]}; trying again in ${pause}`,
          PAUSES[event.reason],
        );
        // Others may be at work: what they bring is shown after a moment.
        shownMs = performance.now();
        return;
      }
      case 'other-pull':
        terminal.progress('Waiting for another pull of this model');
        return;
    }
  };
}

/** Asks at a terminal. Elsewhere the hub's own gate decides, which let this account in. */
async function askForConsent(
  { repository, licence, address }: ModelConditions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<boolean> {
  terminal.note(`${repository} is gated. Its conditions: ${address} (licence: ${licence})`);
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
    // An open terminal would keep the process waiting for a next line.
    process.stdin.unref();
  }
}

function printPulled({ manifest, outcome }: PulledModel, terminal: Terminal): void {
  const { id, precision, source, vision, files } = manifest;
  if (!source.hub) throw new SalamandraError('INTERNAL', 'A pulled model lacks its source.');
  terminal.clearProgress();
  if (outcome === 'already-installed') terminal.note('It is installed already.');
  terminal.result(`${id} ${precision} ${source.hub.commit}`);
  const canChat = files[PACKAGE_FILES.chatTemplate] !== undefined;
  const use = vision ? 'caption FILE' : canChat ? 'ask "QUESTION"' : 'complete "TEXT"';
  terminal.note(`Use it: salamandra ${use} --model ${id}, or salamandra serve --model ${id}`);
}

/** What is shown of a pull: a line for a terminal, and a shorter text that changes rarely for logs. */
export interface ProgressText {
  readonly text: string;
  readonly brief: string;
}

/** With it the longest line fits the 80 columns of a terminal. */
const BAR_WIDTH = 10;
/** A rate is that of the last while; over less than a moment it would be noise. */
const RATE_WINDOW_MS = 15_000;
const MIN_RATE_MS = 2_000;
const DONE_STEPS = 10;

/**
 * Words, rate and time left for each progress of a pull. The time is that of downloading and converting what is left,
 * each at its own pace; before the first conversion it counts the download alone.
 *
 * @param now milliseconds of a clock that never goes back. The result is called a few times a second, and at each new step.
 */
export function createPullProgress(now: () => number): (progress: PullProgress) => ProgressText {
  const download = createRate(now);
  const convert = createRate(now);
  return (progress) => {
    const { step, downloadedBytes, convertedBytes, totalBytes } = progress;
    download.record(step === 'download' || step === 'prepare', downloadedBytes);
    convert.record(step === 'convert', convertedBytes);
    const done = totalBytes === 0 ? 1 : shareDone(progress);
    const words = describeStep(progress);
    const rate = step === 'download' ? download.bytesPerSecond() : null;
    const left = secondsLeft(progress, download.bytesPerSecond(), convert.bytesPerSecond());
    const parts = [
      `${words} ${bar(done)} ${Math.floor(done * 100)} %`,
      `${formatBytes(downloadedBytes)} of ${formatBytes(totalBytes)}`,
      ...(rate === null ? [] : [`${formatBytes(rate)}/s`]),
      ...(left === null || step === 'finish' ? [] : [`${formatRoughDuration(left)} left`]),
    ];
    const rough = Math.floor(done * DONE_STEPS) * (100 / DONE_STEPS);
    const brief = step === 'prepare' ? words : `${words}, ${rough} %`;
    return { text: parts.join(', '), brief };
  };
}

/** Downloading and converting count alike: both are work on every byte. */
function shareDone({ step, downloadedBytes, convertedBytes, totalBytes }: PullProgress): number {
  return step === 'prepare'
    ? downloadedBytes / totalBytes
    : (downloadedBytes + convertedBytes) / (2 * totalBytes);
}

function describeStep({ step, file, files }: PullProgress): string {
  const place = files > 1 ? ` ${file}/${files}` : '';
  switch (step) {
    case 'prepare':
      return 'Fetching tokenizer';
    case 'download':
      return `Downloading${place}`;
    case 'check':
      return `Checking${place}`;
    case 'convert':
      return `Converting${place}`;
    case 'finish':
      return 'Finishing';
  }
}

/** Null while it cannot be known. */
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

/** Bytes a second of a counter, over the last while in which it was at work. */
function createRate(now: () => number) {
  let samples: { readonly ms: number; readonly bytes: number }[] = [];
  let last: number | null = null;
  return {
    record(isAtWork: boolean, bytes: number): void {
      if (!isAtWork) {
        // The time until it goes on is not its own; its rate stays known.
        samples = [];
        return;
      }
      const ms = now();
      samples.push({ ms, bytes });
      // The last one before the window stays: with it the samples span all of it.
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

/** In the unit that a person would take: `40 s`, `12 min`, `2 h 5 min`. */
export function formatRoughDuration(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
