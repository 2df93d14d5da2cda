import { type Command, Option } from 'commander';

import { convertCheckpoint } from '../models/convert/convert-checkpoint.js';
import { type Precision, PRECISIONS } from '../models/package/manifest.js';
import { type CommandContext, exampleHelp } from './command-context.js';

interface ConvertOptions {
  readonly adapter?: string;
  readonly out: string;
  readonly precision: Precision;
}

/** Adds `convert`, which makes a model package from a checkpoint on disk. */
export function addConvertCommand(program: Command, { terminal, signal }: CommandContext): void {
  program
    .command('convert')
    .description('convert a Hugging Face checkpoint on disk to a model package')
    .argument('<checkpoint>', 'folder with config.json and *.safetensors')
    .option('--adapter <folder>', 'folder of a LoRA adapter (PEFT) to merge into the weights')
    .requiredOption('--out <folder>', 'folder of the package; an existing package is replaced')
    .addOption(
      new Option(
        '--precision <precision>',
        'precision of the weights: fp32 is exact, int4 smallest',
      )
        .choices(PRECISIONS)
        .default('int8'),
    )
    .addHelpText(
      'after',
      exampleHelp(
        'convert ./checkpoint --out ./package',
        'convert ./checkpoint --adapter ./adapter --out ./adapted --precision int4',
        'caption my.jpg --model ./package',
      ),
    )
    .action(async (checkpointDirectory: string, options: ConvertOptions) => {
      const manifest = await convertCheckpoint({
        checkpointDirectory,
        adapterDirectory: options.adapter,
        outputDirectory: options.out,
        precision: options.precision,
        onNote: (note) => terminal.note(`Note: ${note}`),
        onProgress: ({ stage, done, total }) => {
          signal.throwIfAborted();
          terminal.progress(`${stage} ${Math.floor((10 * done) / total) * 10} %`);
        },
      });
      terminal.result(`${manifest.id} ${manifest.precision} ${manifest.source.revision}`);
      terminal.note(`Use it: npx salamandra serve --model ${options.out}`);
    });
}
