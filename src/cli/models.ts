import { type Command, Option } from 'commander';

import { loadConfiguration } from '../config/configuration.js';
import { bundleModel } from '../models/install/bundle-model.js';
import { installModel } from '../models/install/install-model.js';
import {
  type InstalledModel,
  type InstalledPart,
  type InstalledState,
  listInstalled,
} from '../models/install/installed-models.js';
import { removeModel } from '../models/install/remove-model.js';
import { type ModelManifest, PRECISIONS } from '../models/package/manifest.js';
import { formatBytes, formatTable } from './formatting.js';
import type { Terminal } from './terminal.js';

/** Adds `models list`, `models remove` and `models bundle`. */
export function addModelsCommand(program: Command, terminal: Terminal, signal: AbortSignal): void {
  const models = program
    .command('models')
    .description('see, remove and carry away the models in the home folder');

  models
    .command('list')
    .description('the models, with their size and state')
    .option('--json', 'print JSON, one object a line')
    .action(async (options: { json?: true }) => {
      const installed = await listInstalled(loadConfiguration(process.env).home);
      if (options.json) for (const model of installed) terminal.result(toJson(model));
      else if (installed.length > 0) printTable(installed, terminal);
      else terminal.result('No model is installed. "salamandra pull 7b-vision" fetches one.');
    });

  models
    .command('remove')
    .description('delete a model from the home folder')
    .argument('<model>', 'its id, alias or repository')
    .addOption(
      new Option(
        '--precision <part>',
        'which package; source: the checkpoint that was kept',
      ).choices([...PRECISIONS, 'source']),
    )
    .action(async (name: string, options: { precision?: InstalledPart }) => {
      const { home } = loadConfiguration(process.env);
      for (const { id, part, bytes } of await removeModel(home, name, options.precision ?? null)) {
        terminal.result(`Removed ${id} ${part}: ${formatBytes(bytes)}`);
      }
    });

  models
    .command('bundle')
    .description('make a folder that runs a model on a machine without a network')
    .argument('<model>', 'demo, an id, alias or repository, or the folder of a package')
    .requiredOption('--out <folder>', 'the folder to make')
    .action(async (model: string, options: { out: string }) => {
      const configuration = { ...loadConfiguration(process.env), model };
      const packageFolder = await installModel(configuration, ({ stage }) => {
        signal.throwIfAborted();
        terminal.progress(`Converting ${stage}`);
      });
      const { bytes } = await bundleModel({
        packageFolder,
        outputFolder: options.out,
        signal,
        onProgress: ({ step, fraction }) =>
          terminal.progress(`${step} ${Math.floor(fraction * 20) * 5} %`),
      });
      terminal.clearProgress();
      terminal.result(`${options.out}: ${formatBytes(bytes)}. Its README.md says how to run it.`);
    });
}

function printTable(installed: readonly InstalledModel[], terminal: Terminal): void {
  const rows = installed.map(({ id, part, bytes, manifest, state }) => [
    id,
    part,
    formatBytes(bytes),
    manifest ? describeArchitecture(manifest) : '',
    manifest ? describeSource(manifest) : '',
    describeState(state),
  ]);
  const header = ['ID', 'PRECISION', 'SIZE', 'ARCHITECTURE', 'SOURCE', 'STATE'];
  for (const line of formatTable([header, ...rows], { rightAligned: [2] })) terminal.result(line);
}

/** The reason goes without its first words, which the state says too. */
function describeState(state: InstalledState): string {
  if (state.kind !== 'invalid') return state.kind;
  return `invalid: ${state.reason.replace(/^The model cannot be used: /, '')}`;
}

/** The class name without what all of them share: `LlavaOnevision`, `Llama`. */
function describeArchitecture({ source, vision }: ModelManifest): string {
  const name = source.architecture.replace(/For(?:ConditionalGeneration|CausalLM)$/, '');
  return vision ? `${name} (vision)` : `${name} (text)`;
}

/** As many digits of a commit as git shows. */
function describeSource({ source: { hub, name } }: ModelManifest): string {
  return hub ? `${hub.repository}@${hub.commit.slice(0, 7)}` : `folder ${name}`;
}

function toJson({ id, part, bytes, manifest, state }: InstalledModel): string {
  return JSON.stringify({
    id,
    part,
    bytes,
    state: state.kind,
    ...(state.kind === 'invalid' && { reason: state.reason }),
    ...(manifest && {
      architecture: manifest.source.architecture,
      source: manifest.source,
      digest: manifest.digest,
    }),
  });
}
