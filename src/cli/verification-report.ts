import { MAX_TILES_PER_RUN } from '../config/limits.js';
import { predictMs } from '../measure/doctor/speed-model.js';
import type { VerifiedPackage } from '../measure/verify/verify-packages.js';
import type { Comparison } from '../measure/verify/verify-result.js';
import { findWorstLayer } from '../measure/verify/worst-layer.js';
import { formatBytes, formatTable, formatDuration, formatRate } from './formatting.js';
import type { Terminal } from './terminal.js';

export interface ReportContext {
  readonly threads: number;
  /** Why nothing was compared; `null` if there was a comparison. */
  readonly reason: string | null;
  /** Whether the error after every layer is printed. */
  readonly layers: 'shown' | 'hidden';
}

/** Tokens in the context at which speeds are reported: about the middle of a request with one image. */
const SPEED_POSITION = 256;

const NOTHING = '-';

const PART_NAMES = { visionEncoder: 'vision_encoder', decoder: 'decoder' } as const;

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

/** Prints a sentence for each compared package, then one column for each: its cost, and its differences. */
export function printVerification(
  verified: readonly VerifiedPackage[],
  { threads, reason, layers }: ReportContext,
  terminal: Terminal,
): void {
  const [first] = verified;
  if (!first) return;
  const { id, source } = first.manifest;
  const origin = source.hub
    ? `${source.hub.repository}@${source.hub.commit.slice(0, 7)}`
    : source.name;
  terminal.result(`${id} (${origin}), ${threads} threads`);
  for (const one of verified) {
    const summary = summarizeComparison(one);
    if (summary !== null) terminal.result(summary);
  }
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
    if (layers === 'shown') printLayers(verified, terminal);
  }
  if (reason !== null) {
    terminal.result('');
    terminal.result(`Not compared: ${reason}`);
  }
}

/** The cost of a precision in one sentence; `null` for the reference and without a comparison. */
export function summarizeComparison({ manifest, result }: VerifiedPackage): string | null {
  const { comparison } = result;
  if (!comparison) return null;
  const { prompts, klDivergence, layerErrors } = comparison;
  const { part, layer, layers, error } = findWorstLayer(layerErrors);
  const of = part === 'visionEncoder' ? ' of the vision encoder' : '';
  return (
    `${manifest.precision}: same answer for ${countSame(comparison)} of ${prompts.length} prompts, ` +
    `KL divergence ${formatSmall(klDivergence.mean)} nats per token, ` +
    `worst layer ${layer} of ${layers}${of} (error ${formatShare(error)})`
  );
}

/** The JSON line of one package. */
export function verificationJson(
  one: VerifiedPackage,
  threads: number,
  reason: string | null,
): object {
  const { manifest, role, result } = one;
  const { loadMs, peakBytes, comparison } = result;
  const { tileMs, prefillRate, decodeRate } = speedsOf(one);
  return {
    summary: summarizeComparison(one),
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
  const worst = findWorstLayer(layerErrors);
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
    worst_layer: { part: PART_NAMES[worst.part], layer: worst.layer, error: worst.error },
    layer_errors: { vision_encoder: layerErrors.visionEncoder, decoder: layerErrors.decoder },
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
      `${PART_NAMES[part].replace('_', ' ')} ${layer + 1}`,
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
