import { type Command, Option } from 'commander';

import { convertCheckpoint } from '../models/convert/convert-checkpoint.js';
import { type Precision, PRECISIONS } from '../models/package/manifest.js';
import type { Terminal } from './terminal.js';

/** Adds `convert`, which makes a package of a checkpoint in a folder. */
export function addConvertCommand(program: Command, terminal: Terminal, signal: AbortSignal): void {
  program
    .command('convert')
    .description('make a model package of a Hugging Face checkpoint in a folder')
    .argument('<checkpoint>', 'folder of the checkpoint')
    .requiredOption('--out <folder>', 'the package; an older one there is replaced')
    .addOption(
      new Option('--precision <precision>', 'size against exactness')
        .choices(PRECISIONS)
        .default('int8'),
    )
    .action(async (checkpointDirectory: string, options: { out: string; precision: Precision }) => {
      const manifest = await convertCheckpoint({
        checkpointDirectory,
        outputDirectory: options.out,
        precision: options.precision,
        onProgress: ({ stage, done, total }) => {
          signal.throwIfAborted();
          terminal.progress(`${stage} ${Math.floor((10 * done) / total) * 10} %`);
        },
      });
      terminal.result(`${manifest.id} ${manifest.precision} ${manifest.source.revision}`);
    });
}
