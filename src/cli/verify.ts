import type { Command } from 'commander';

import { loadConfiguration, parsePrecision } from '../config/configuration.js';
import { inspectMachine, usableMemory } from '../measure/doctor/machine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { installModel } from '../models/install/install-model.js';
import type { Precision } from '../models/package/manifest.js';
import { inspectPackage } from '../models/package/model-package.js';
import { runVerifyInWorker } from '../workers/run-verify.js';
import { findReferencePackage, type Reference } from '../measure/verify/reference-package.js';
import {
  type PackageToVerify,
  verifyPackages,
  type VerifiedPackage,
} from '../measure/verify/verify-packages.js';
import type { Terminal } from './terminal.js';
import { predictMs } from '../measure/doctor/speed-model.js';
import { MAX_TILES_PER_RUN } from '../config/limits.js';
import type { Comparison } from '../measure/verify/verify-result.js';
import { formatBytes, formatTable, formatDuration, formatRate } from './formatting.js';

interface VerifyOptions {
  readonly reference?: string;
  readonly precision?: string;
  readonly layers?: true;
  readonly json?: true;
}

/** Adds `verify`. @param workerEntry the module `verify.worker.js`. */
export function addVerifyCommand(
  program: Command,
  terminal: Terminal,
  signal: AbortSignal,
  workerEntry: URL,
): void {
  program
    .command('verify')
    .description('check every byte of a model, and measure what its precision costs')
    .argument('<model>', 'demo, an id, alias or repository, or the folder of a package')
    .option(
      '--precision <precisions>',
      'which of its packages, with commas (default: as configured)',
    )
    .option(
      '--reference <model>',
      'what to compare with (default: the fp32 package of the same checkpoint)',
    )
    .option('--layers', 'also the error after every layer')
    .option('--json', 'print JSON, one object a line')
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
          runVerifyInWorker(workerEntry, task, {
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
  /** Whether the precisions were asked for, so that no other one will do. */
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
      throw new SalamandraError('MODEL_NOT_FOUND', `The model is not installed as ${precision}.`);
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

export interface VerificationCircumstances {
  readonly threads: number;
  /** Why nothing was compared; null where something was. */
  readonly reason: string | null;
}

/** Where speeds are told: in the middle of what a picture and its caption take. */
const SPEED_POSITION = 256;

const NOTHING = '-';

type Row = readonly [label: string, cell: (one: VerifiedPackage) => string];

const OWN_ROWS: readonly Row[] = [
  ['Every byte as it was written', () => 'yes'],
  ['Size on disk', ({ manifest }) => formatBytes(sizeOf(manifest))],
  ['Most memory', ({ result: examination }) => formatBytes(examination.peakBytes)],
  ['Verified and loaded in', ({ result: examination }) => formatDuration(examination.loadMs)],
  ['One tile', (one) => formatOptional(speedsOf(one).tileMs, formatDuration)],
  ['Tokens read a second', (one) => formatRate(speedsOf(one).readRate)],
  ['Tokens written a second', (one) => formatRate(speedsOf(one).writeRate)],
];

const COMPARED_ROWS: readonly Row[] = [
  ['KL divergence, mean (nats)', compared(({ klDivergence }) => formatSmall(klDivergence.mean))],
  ['KL divergence, most (nats)', compared(({ klDivergence }) => formatSmall(klDivergence.max))],
  [
    'Same likeliest token',
    compared(({ top1Agreement: topAgreement }) => formatShare(topAgreement)),
  ],
  ['Same greedy answer', compared((one) => `${countSame(one)} of ${one.prompts.length}`)],
  ['Tokens before answers part', compared((one) => formatAgreed(one))],
  [
    'Error of the picture',
    compared(({ imageFeatureError: pictureError }) => formatOptional(pictureError, formatShare)),
  ],
];

/** Prints a column for each package: what it takes, and what sets it apart from the reference. */
export function printVerification(
  verified: readonly VerifiedPackage[],
  { threads, reason }: VerificationCircumstances,
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
  const comparison = verified.flatMap(({ result: examination }) => examination.comparison ?? [])[0];
  const rows = [...OWN_ROWS, ...(comparison ? COMPARED_ROWS : [])].flatMap(([label, cell]) => {
    const cells = verified.map(cell);
    // What no package has, as pictures for a model that reads text alone.
    return cells.some((text) => text !== '' && text !== NOTHING) ? [[label, ...cells]] : [];
  });
  print([['', ...heads], ...rows], verified.length, terminal);
  if (comparison) {
    terminal.result('');
    terminal.result(describePrompts(comparison));
    if (verified.some(({ manifest }) => manifest.source.revision !== source.revision)) {
      terminal.result('The packages were made from different checkpoints.');
    }
    printLayers(verified, terminal);
  }
  if (reason !== null) {
    terminal.result('');
    terminal.result(`Not compared: ${reason}`);
  }
}

/** One package as JSON. */
export function verificationJson(
  one: VerifiedPackage,
  threads: number,
  reason: string | null,
): object {
  const { manifest, role, result: examination } = one;
  const { loadMs, peakBytes, comparison } = examination;
  const { tileMs, readRate, writeRate } = speedsOf(one);
  return {
    ...{ id: manifest.id, precision: manifest.precision, source: manifest.source, role, threads },
    ...{ integrity: 'sound', bytes: sizeOf(manifest), peak_bytes: peakBytes, load_ms: loadMs },
    ...{ tile_ms: tileMs, read_tokens_per_second: readRate, write_tokens_per_second: writeRate },
    comparison: comparison && comparisonJson(comparison),
    ...(reason !== null && { not_compared: reason }),
  };
}

function comparisonJson(comparison: Comparison): object {
  const {
    positions,
    klDivergence,
    top1Agreement: topAgreement,
    prompts,
    imageFeatureError: pictureError,
    layerErrors,
  } = comparison;
  return {
    positions,
    divergence: { mean: klDivergence.mean, max: klDivergence.max },
    top_agreement: topAgreement,
    same_answers: countSame(comparison),
    prompts: prompts.map((prompt) => ({
      language: prompt.language,
      shows: prompt.hasImage ? 'picture' : 'nothing',
      tokens: prompt.tokens,
      agreed_tokens: prompt.matchingTokens,
      mean_divergence: prompt.meanKlDivergence,
    })),
    picture_error: pictureError,
    ...(layerErrors && { layer_errors: layerErrors }),
  };
}

function printLayers(verified: readonly VerifiedPackage[], terminal: Terminal): void {
  const compared = verified.flatMap(({ manifest, result: examination }) => {
    const errors = examination.comparison?.layerErrors;
    return errors ? [{ precision: manifest.precision, errors }] : [];
  });
  const [first] = compared;
  if (!first) return;
  terminal.result('');
  terminal.result('Error of the residual stream after each layer, as a share of its size');
  const rows = (['visionEncoder', 'decoder'] as const).flatMap((part) =>
    first.errors[part].map((_, layer) => [
      `${part} ${layer + 1}`,
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
  const pictures = prompts.filter(({ hasImage }) => hasImage).length;
  const about = pictures > 0 ? `, ${pictures} of them about a picture` : '';
  return `Compared at ${positions} tokens of the reference's answers to ${prompts.length} prompts${about} (${languages}).`;
}

function compared(format: (comparison: Comparison) => string): Row[1] {
  return ({ role, result: { comparison } }) => {
    if (comparison) return format(comparison);
    return role === 'reference' ? '' : NOTHING;
  };
}

function countSame({ prompts }: Comparison): number {
  return prompts.filter(({ matchingTokens: agreedTokens, tokens }) => agreedTokens === tokens)
    .length;
}

function formatAgreed({ prompts }: Comparison): string {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const agreed = sum(prompts.map(({ matchingTokens: agreedTokens }) => agreedTokens));
  return `${agreed} of ${sum(prompts.map(({ tokens }) => tokens))}`;
}

function speedsOf({ result: { speed } }: VerifiedPackage) {
  const { vision, prefill, step } = speed;
  return {
    tileMs: vision && predictMs(vision.encoding, MAX_TILES_PER_RUN) / MAX_TILES_PER_RUN,
    readRate: (1000 * SPEED_POSITION) / predictMs(prefill, SPEED_POSITION),
    writeRate: 1000 / predictMs(step, SPEED_POSITION),
  };
}

function sizeOf({ files }: VerifiedPackage['manifest']): number {
  return Object.values(files).reduce((total, { bytes }) => total + bytes, 0);
}

function formatOptional(value: number | null, format: (value: number) => string): string {
  return value === null ? NOTHING : format(value);
}

/** Three digits that count. */
function formatSmall(value: number): string {
  return value === 0 ? '0' : value.toPrecision(2);
}

function formatShare(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}
