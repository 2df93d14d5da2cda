import { type Command, Option } from 'commander';

import { loadConfiguration, parsePrecision } from '../config/configuration.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { inspectMachine, usableMemory } from '../measure/doctor/machine.js';
import { findReferencePackage, type Reference } from '../measure/verify/reference-package.js';
import { type PackageToVerify, verifyPackages } from '../measure/verify/verify-packages.js';
import { installModel } from '../models/install/install-model.js';
import type { Precision } from '../models/package/manifest.js';
import { inspectPackage } from '../models/package/model-package.js';
import { runInVerifyWorker } from '../workers/run-verify.js';
import {
  type CommandContext,
  createJsonOption,
  exampleHelp,
  MODEL_DESCRIPTION,
} from './command-context.js';
import { printVerification, verificationJson } from './verification-report.js';
import { verifyAgainst } from './verify-against.js';

interface VerifyOptions {
  readonly reference?: string;
  readonly precision?: string;
  readonly layers?: true;
  readonly against?: string;
  readonly againstModel?: string;
  readonly apiKey?: string;
  readonly minAgreement: string;
  readonly json?: true;
}

/** Adds `verify`. */
export function addVerifyCommand(program: Command, context: CommandContext): void {
  const { terminal, signal, workers } = context;
  program
    .command('verify')
    .description(
      'verify the files of a model, and measure its speed and the error of its precision',
    )
    .argument('<model>', MODEL_DESCRIPTION)
    .option(
      '--precision <precisions>',
      'packages to verify, separated by commas (default: SALAMANDRA_PRECISION, or int8)',
    )
    .option(
      '--reference <model>',
      'model to compare with (default: the fp32 package of the same checkpoint)',
    )
    .option('--layers', 'print the error after every layer as well')
    .addOption(
      new Option(
        '--against <url>',
        'compare with the OpenAI-compatible server at this URL, which serves the same checkpoint',
      ).conflicts(['reference', 'layers']),
    )
    .option('--against-model <name>', 'name of the model on the server (default: its only one)')
    .option('--api-key <key>', 'API key of the server (default: OPENAI_API_KEY)')
    .option(
      '--min-agreement <share>',
      'share of equal top-1 tokens below which the exit code is 4, 0 to 1',
      '0.5',
    )
    .addOption(createJsonOption())
    .addHelpText(
      'after',
      exampleHelp(
        'verify 7b-vision --precision int8,int4',
        'verify 7b-vision --against http://127.0.0.1:8000/v1',
      ),
    )
    .action(async (model: string, options: VerifyOptions) => {
      const { home, precision, threads } = loadConfiguration(process.env);
      const precisions = options.precision?.split(',').map((text) => parsePrecision(text.trim()));
      const progress = (step: string) => {
        signal.throwIfAborted();
        terminal.progress(step);
      };
      const packages = await findPackages(
        {
          home,
          model,
          precisions: precisions ?? [precision],
          isExplicit: precisions !== undefined,
        },
        progress,
      );
      if (options.against !== undefined) {
        const { against: url, againstModel: name, apiKey, minAgreement, json } = options;
        await verifyAgainst(
          packages,
          {
            address: {
              url,
              model: name ?? null,
              apiKey: apiKey ?? process.env['OPENAI_API_KEY'] ?? null,
            },
            minAgreement: parseShare('--min-agreement', minAgreement),
            format: json ? 'json' : 'text',
            threads,
          },
          context,
        );
        return;
      }
      const reference = await chooseReference(home, model, options.reference, packages, progress);
      const verified = await verifyPackages({
        ...{ packages, reference, threads, home },
        verify: (task, { precision: name }) =>
          runInVerifyWorker(
            workers.verify,
            { type: 'verify', task },
            { onProgress: (step) => terminal.progress(`${name}: ${step}`), signal },
          ),
      });
      terminal.clearProgress();
      const reason = reference.kind === 'none' ? reference.reason : null;
      if (options.json) {
        for (const one of verified) {
          terminal.result(JSON.stringify(verificationJson(one, threads, reason)));
        }
      } else {
        const layers = options.layers ? 'shown' : 'hidden';
        printVerification(verified, { threads, reason, layers }, terminal);
      }
    });
}

/** @throws INVALID_PARAMETER unless the text is a number from 0 to 1. */
function parseShare(option: string, text: string): number {
  const share = Number(text);
  if (text.trim() !== '' && share >= 0 && share <= 1) return share;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `${option} must be a number from 0 to 1, found ${JSON.stringify(text.slice(0, 20))}.`,
  );
}

interface PackageSearch {
  readonly home: string;
  readonly model: string;
  readonly precisions: readonly Precision[];
  /** Whether the precisions were given as an option: then another precision is an error. */
  readonly isExplicit: boolean;
}

/** @throws MODEL_NOT_FOUND, MODEL_INVALID, INVALID_PARAMETER */
async function findPackages(
  { home, model, precisions, isExplicit }: PackageSearch,
  progress: (step: string) => void,
): Promise<PackageToVerify[]> {
  const packages = new Map<string, PackageToVerify>();
  for (const precision of precisions) {
    const directory = await installModel({ home, model, precision }, ({ stage }) =>
      progress(`converting ${stage}`),
    );
    const manifest = await inspectPackage(directory);
    if (isExplicit && manifest.precision !== precision) {
      throw new SalamandraError(
        'MODEL_NOT_FOUND',
        `The model is not installed as ${precision}. Install it: npx salamandra pull ${model} --precision ${precision}`,
      );
    }
    packages.set(directory, { directory, manifest });
  }
  return [...packages.values()];
}

async function chooseReference(
  home: string,
  model: string,
  named: string | undefined,
  [first]: readonly PackageToVerify[],
  progress: (step: string) => void,
): Promise<Reference> {
  if (named !== undefined) {
    const choice = { home, model: named, precision: 'fp32' as const };
    const directory = await installModel(choice, ({ stage }) => progress(`converting ${stage}`));
    return { kind: 'found', directory, manifest: await inspectPackage(directory) };
  }
  if (!first) return { kind: 'none', reason: 'There is no package to compare.' };
  const usableBytes = usableMemory(await inspectMachine(home, process.env));
  const { manifest } = first;
  return await findReferencePackage({ home, model, manifest, usableBytes }, progress);
}
