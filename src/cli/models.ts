import { type Command, Option } from 'commander';

import { loadConfiguration } from '../config/configuration.js';
import { bundleModel } from '../models/install/bundle-model.js';
import { installModel } from '../models/install/install-model.js';
import {
  type InstalledModel,
  type InstalledPart,
  type InstalledState,
  listInstalled,
  removeModel,
} from '../models/install/installed-models.js';
import { type ModelManifest, PRECISIONS } from '../models/package/manifest.js';
import {
  type CommandContext,
  createJsonOption,
  exampleHelp,
  MODEL_DESCRIPTION,
} from './command-context.js';
import { formatBytes, formatTable } from './formatting.js';
import type { Terminal } from './terminal.js';

/** Adds `models list`, `models remove` and `models bundle`. */
export function addModelsCommand(program: Command, { terminal, signal }: CommandContext): void {
  const models = program
    .command('models')
    .description('list, remove and bundle installed models')
    .addHelpText('after', exampleHelp('models list'));

  models
    .command('list')
    .description('list the installed models with size and state')
    .addOption(createJsonOption())
    .addHelpText('after', exampleHelp('models list'))
    .action(async (options: { json?: true }) => {
      const installed = await listInstalled(loadConfiguration(process.env).home);
      if (options.json) for (const model of installed) terminal.result(toJson(model));
      else if (installed.length > 0) printTable(installed, terminal);
      else terminal.result('No model is installed. Download one: npx salamandra pull 7b-vision');
    });

  models
    .command('remove')
    .description('delete an installed model')
    .argument('<model>', 'a model id, a short name (see pull --help) or OWNER/NAME')
    .addOption(
      new Option(
        '--precision <part>',
        'package to delete; source is the checkpoint of pull --keep-source (default: all)',
      ).choices([...PRECISIONS, 'source']),
    )
    .addHelpText('after', exampleHelp('models remove 7b-vision --precision fp32'))
    .action(async (name: string, options: { precision?: InstalledPart }) => {
      const { home } = loadConfiguration(process.env);
      for (const { id, part, bytes } of await removeModel(home, name, options.precision ?? null)) {
        terminal.result(`Removed ${id} ${part}: ${formatBytes(bytes)}`);
      }
    });

  models
    .command('bundle')
    .description('copy a model and this program to a folder, for a machine without a network')
    .argument('<model>', MODEL_DESCRIPTION)
    .requiredOption('--out <folder>', 'folder to create')
    .addHelpText('after', exampleHelp('models bundle 7b-vision --out /media/stick/salamandra'))
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
      terminal.result(
        `${options.out}: ${formatBytes(bytes)}. To run it, see README.md in that folder.`,
      );
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

/** The reason without its first words, which repeat the state. */
function describeState(state: InstalledState): string {
  if (state.kind !== 'invalid') return state.kind;
  return `invalid: ${state.reason.replace(/^Invalid model(?: package)?: /, '')}`;
}

/** The class name without its common suffix: `LlavaOnevision`, `Llama`. */
function describeArchitecture({ source, vision }: ModelManifest): string {
  const name = source.architecture.replace(/For(?:ConditionalGeneration|CausalLM)$/, '');
  return vision ? `${name} (vision)` : `${name} (text)`;
}

/** Commits have seven digits, as in git. */
function describeSource({ source: { adapter, hub, name } }: ModelManifest): string {
  const base = hub ? `${hub.repository}@${hub.commit.slice(0, 7)}` : `folder ${name}`;
  return adapter ? `${base} + ${adapter.name}` : base;
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
