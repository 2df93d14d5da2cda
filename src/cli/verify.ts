import type { Command } from 'commander';

import { loadConfiguration, parsePrecision } from '../config/configuration.js';
import { MAX_TILES_PER_RUN } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { inspectMachine, usableMemory } from '../measure/doctor/machine.js';
import { predictMs } from '../measure/doctor/speed-model.js';
import { findReferencePackage, type Reference } from '../measure/verify/reference-package.js';
import {
  type PackageToVerify,
  verifyPackages,
  type VerifiedPackage,
} from '../measure/verify/verify-packages.js';
import type { Comparison } from '../measure/verify/verify-result.js';
import { installModel } from '../models/install/install-model.js';
import type { Precision } from '../models/package/manifest.js';
import { inspectPackage } from '../models/package/model-package.js';
import { runVerifyInWorker } from '../workers/run-verify.js';
import {
  type CommandContext,
  createJsonOption,
  exampleHelp,
  MODEL_DESCRIPTION,
} from './command-context.js';
import { formatBytes, formatTable, formatDuration, formatRate } from './formatting.js';
import type { Terminal } from './terminal.js';

interface VerifyOptions {
  readonly reference?: string;
  readonly precision?: string;
  readonly layers?: true;
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
    .addOption(createJsonOption())
    .addHelpText('after', exampleHelp('verify 7b-vision --precision int8,int4'))
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
      const reference = await chooseReference(home, model, options.reference, packages, progress);
      const verified = await verifyPackages({
        ...{ packages, reference, threads, home },
        depth: options.layers ? 'layers' : 'outputs',
        verify: (task, { precision: name }) =>
          runVerifyInWorker(workers.verify, task, {
            onProgress: (step) => terminal.progress(`${name}: ${step}`),
            signal,
          }),
      });
      terminal.clearProgress();
      const reason = reference.kind === 'none' ? reference.reason : null;
      if (options.json) {
        for (const one of verified) {
          terminal.result(JSON.stringify(verificationJson(one, threads, reason)));
        }
      } else {
        printVerification(verified, { threads, reason }, terminal);
      }
    });
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

interface ReportContext {
  readonly threads: number;
  /** Why nothing was compared; `null` if there was a comparison. */
  readonly reason: string | null;
}

/** Tokens in the context at which speeds are reported: about the middle of a request with one image. */
const SPEED_POSITION = 256;

const NOTHING = '-';

type Row = readonly [label: string, cell: (one: VerifiedPackage) => string];

const PACKAGE_ROWS: readonly Row[] = [
  ['Files match the manifest', () => 'yes'],
  ['Size on disk', ({ manifest }) => formatBytes(sizeOf(manifest))],
  ['Peak memory', ({ result }) => formatBytes(result.peakBytes)],
  ['Time to verify and load', ({ result }) => formatDuration(result.loadMs)],
  ['Vision encoder, one tile', (one) => formatOptional(speedsOf(one).tileMs, formatDuration)],
  ['Prefill, tokens/s', (one) => formatRate(speedsOf(one).prefillRate)],
  ['Decode, tokens/s', (one) => formatRate(speedsOf(one).decodeRate)],
];

const COMPARISON_ROWS: readonly Row[] = [
  ['KL divergence, mean (nats)', compared(({ klDivergence }) => formatSmall(klDivergence.mean))],
  ['KL divergence, max (nats)', compared(({ klDivergence }) => formatSmall(klDivergence.max))],
  ['Same top-1 token', compared(({ top1Agreement }) => formatShare(top1Agreement))],
  ['Same greedy answer', compared((one) => `${countSame(one)} of ${one.prompts.length}`)],
  ['Tokens before the first difference', compared((one) => formatMatching(one))],
  [
    'Image feature error',
    compared(({ imageFeatureError }) => formatOptional(imageFeatureError, formatShare)),
  ],
];

/** Prints one column for each package: its cost, and its differences from the reference. */
function printVerification(
  verified: readonly VerifiedPackage[],
  { threads, reason }: ReportContext,
  terminal: Terminal,
): void {
  const [first] = verified;
  if (!first) return;
  const { id, source } = first.manifest;
  const origin = source.hub
    ? `${source.hub.repository}@${source.hub.commit.slice(0, 7)}`
    : source.name;
  terminal.result(`${id} (${origin}), ${threads} threads`);
  terminal.result('');
  const heads = verified.map(({ manifest, role }) =>
    role === 'reference' ? `${manifest.precision} = ref.` : manifest.precision,
  );
  const comparison = verified.flatMap(({ result }) => result.comparison ?? [])[0];
  const rows = [...PACKAGE_ROWS, ...(comparison ? COMPARISON_ROWS : [])].flatMap(
    ([label, cell]) => {
      const cells = verified.map(cell);
      // Rows without values are left out, such as the vision encoder of a text-only model.
      return cells.some((text) => text !== '' && text !== NOTHING) ? [[label, ...cells]] : [];
    },
  );
  print([['', ...heads], ...rows], verified.length, terminal);
  if (comparison) {
    terminal.result('');
    terminal.result(describePrompts(comparison));
    if (verified.some(({ manifest }) => manifest.source.revision !== source.revision)) {
      terminal.result('The packages were converted from different checkpoints.');
    }
    printLayers(verified, terminal);
  }
  if (reason !== null) {
    terminal.result('');
    terminal.result(`Not compared: ${reason}`);
  }
}

/** The JSON line of one package. */
function verificationJson(one: VerifiedPackage, threads: number, reason: string | null): object {
  const { manifest, role, result } = one;
  const { loadMs, peakBytes, comparison } = result;
  const { tileMs, prefillRate, decodeRate } = speedsOf(one);
  return {
    ...{ id: manifest.id, precision: manifest.precision, source: manifest.source, role, threads },
    ...{ integrity: 'ok', bytes: sizeOf(manifest), peak_bytes: peakBytes, load_ms: loadMs },
    ...{
      tile_ms: tileMs,
      prefill_tokens_per_second: prefillRate,
      decode_tokens_per_second: decodeRate,
    },
    comparison: comparison && comparisonJson(comparison),
    ...(reason !== null && { not_compared: reason }),
  };
}

function comparisonJson(comparison: Comparison): object {
  const { positions, klDivergence, top1Agreement, prompts, imageFeatureError, layerErrors } =
    comparison;
  return {
    positions,
    kl_divergence: { mean: klDivergence.mean, max: klDivergence.max },
    top1_agreement: top1Agreement,
    same_answers: countSame(comparison),
    prompts: prompts.map((prompt) => ({
      language: prompt.language,
      has_image: prompt.hasImage,
      tokens: prompt.tokens,
      matching_tokens: prompt.matchingTokens,
      mean_kl_divergence: prompt.meanKlDivergence,
    })),
    image_feature_error: imageFeatureError,
    ...(layerErrors && {
      layer_errors: { vision_encoder: layerErrors.visionEncoder, decoder: layerErrors.decoder },
    }),
  };
}

function printLayers(verified: readonly VerifiedPackage[], terminal: Terminal): void {
  const compared = verified.flatMap(({ manifest, result }) => {
    const errors = result.comparison?.layerErrors;
    return errors ? [{ precision: manifest.precision, errors }] : [];
  });
  const [first] = compared;
  if (!first) return;
  terminal.result('');
  terminal.result('Relative error of the residual stream after each layer');
  const rows = (['visionEncoder', 'decoder'] as const).flatMap((part) =>
    first.errors[part].map((_, layer) => [
      `${part === 'decoder' ? 'decoder' : 'vision encoder'} ${layer + 1}`,
      ...compared.map(({ errors }) => formatShare(errors[part][layer] ?? NaN)),
    ]),
  );
  print([['', ...compared.map(({ precision }) => precision)], ...rows], compared.length, terminal);
}

function print(rows: readonly (readonly string[])[], columns: number, terminal: Terminal): void {
  const rightAligned = Array.from({ length: columns }, (_, index) => index + 1);
  for (const line of formatTable(rows, { rightAligned })) terminal.result(line);
}

function describePrompts({ positions, prompts }: Comparison): string {
  const languages = [...new Set(prompts.map(({ language }) => language))].join(', ');
  const imagePrompts = prompts.filter(({ hasImage }) => hasImage).length;
  const about = imagePrompts > 0 ? `, ${imagePrompts} of them with an image` : '';
  return `Compared on ${positions} tokens of the reference's answers to ${prompts.length} prompts${about} (${languages}).`;
}

function compared(format: (comparison: Comparison) => string): Row[1] {
  return ({ role, result: { comparison } }) => {
    if (comparison) return format(comparison);
    return role === 'reference' ? '' : NOTHING;
  };
}

function countSame({ prompts }: Comparison): number {
  return prompts.filter(({ matchingTokens, tokens }) => matchingTokens === tokens).length;
}

function formatMatching({ prompts }: Comparison): string {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const matching = sum(prompts.map(({ matchingTokens }) => matchingTokens));
  return `${matching} of ${sum(prompts.map(({ tokens }) => tokens))}`;
}

function speedsOf({ result: { speed } }: VerifiedPackage) {
  const { vision, prefill, step } = speed;
  return {
    tileMs: vision && predictMs(vision.encoding, MAX_TILES_PER_RUN) / MAX_TILES_PER_RUN,
    prefillRate: (1000 * SPEED_POSITION) / predictMs(prefill, SPEED_POSITION),
    decodeRate: 1000 / predictMs(step, SPEED_POSITION),
  };
}

function sizeOf({ files }: VerifiedPackage['manifest']): number {
  return Object.values(files).reduce((total, { bytes }) => total + bytes, 0);
}

function formatOptional(value: number | null, format: (value: number) => string): string {
  return value === null ? NOTHING : format(value);
}

/** Two significant digits. */
function formatSmall(value: number): string {
  return value === 0 ? '0' : value.toPrecision(2);
}

function formatShare(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}
