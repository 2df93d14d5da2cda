import { createInterface } from 'node:readline';

import { type Command, Option } from 'commander';

import { loadConfiguration } from '../config/configuration.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { loadHubSettings } from '../models/hub/hub-settings.js';
import type { ModelConditions, PullEvent } from '../models/install/pull-events.js';
import { pullModel, type PulledModel } from '../models/install/pull-model.js';
import { PACKAGE_FILES, type Precision, PRECISIONS } from '../models/package/manifest.js';
import { repositoryOf } from '../models/package/model-names.js';
import { formatBytes } from './format-bytes.js';
import { createPullProgress, formatRoughDuration } from './pull-progress.js';
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
