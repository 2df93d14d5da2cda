import { Option } from 'commander';

import { type Configuration, loadConfiguration } from '../config/configuration.js';
import type { Terminal } from './terminal.js';

/** The objects that `cli.ts` passes to every command. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Modules of the child processes. */
  readonly workers: { readonly inference: URL; readonly media: URL; readonly verify: URL };
}

const MODEL_ARGUMENT =
  'demo, a model id, a short name (see pull --help) or the folder of a package';

/** Description of the argument `<model>`. */
export const MODEL_DESCRIPTION = `the model: ${MODEL_ARGUMENT}`;

export function createModelOption(): Option {
  return new Option('--model <model>', `${MODEL_ARGUMENT} (default: SALAMANDRA_MODEL, or demo)`);
}

export function createJsonOption(): Option {
  return new Option('--json', 'print one JSON object per line; failures too, as {"error": {...}}');
}

export function createStreamOption(): Option {
  return new Option('--stream', 'print text while it is generated (default on a terminal)');
}

/** The text that `--help` prints after the options. */
export function exampleHelp(...commands: readonly string[]): string {
  const title = commands.length === 1 ? 'Example:' : 'Examples:';
  return ['', title, ...commands.map((command) => `  npx salamandra ${command}`)].join('\n');
}

/** The configuration from the environment, with the model of `--model`. @throws INVALID_PARAMETER */
export function configurationFor(options: { readonly model?: string | undefined }): Configuration {
  const configuration = loadConfiguration(process.env);
  return { ...configuration, model: options.model ?? configuration.model };
}
