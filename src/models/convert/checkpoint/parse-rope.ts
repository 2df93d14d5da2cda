import {
  type JsonObject,
  checkBoolean,
  checkInteger,
  checkList,
  checkNumber,
  checkObject,
  checkOneOf,
  checkSupported,
} from '../../package/json-fields.js';
import { invalidModel } from '../../package/invalid-model.js';
import type { RopeScaling } from '../../package/manifest.js';

const FACTOR = { min: 1e-6, max: 1e9 };
const POSITIONS = { min: 1, max: 1 << 24 };

const TYPES = ['default', 'linear', 'dynamic', 'yarn', 'longrope', 'llama3'] as const;

/** A field that limits the context window to `positions`. */
export interface ContextLimit {
  readonly field: string;
  readonly value: string;
  readonly positions: number;
  /** Clause without a full stop: why longer contexts are not offered. */
  readonly reason: string;
}

/** Properties of the decoder that the parameters depend on. */
interface RopeContext {
  /** Full name of a field of the configuration. */
  readonly label: (field: string) => string;
  readonly headDim: number;
  readonly maxPositions: number;
}

/**
 * Parses the RoPE parameters: `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling` (transformers 4).
 * Precedence and defaults as in `modeling_rope_utils.py` of transformers 5.24.
 *
 * `dynamic` and `longrope` have frequencies that depend on the length of the run, and keys in the KV cache keep those
 * of an earlier run. The context window is limited to the lengths for which the frequencies are constant.
 *
 * @throws MODEL_INVALID if a field is out of range or the type is not supported.
 */
export function parseRope(
  json: JsonObject,
  context: RopeContext,
): {
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling | null;
  readonly limits: readonly ContextLimit[];
} {
  const old = checkObject(json['rope_scaling'] ?? {}, context.label('rope_scaling'));
  const field = Object.keys(old).length > 0 ? 'rope_scaling' : 'rope_parameters';
  const parameters = checkObject(json[field] ?? {}, context.label(field));
  const label = (name: string) => `${context.label(field)}.${name}`;
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    throw invalidModel(
      `${label(/^\w{1,40}$/.test(name) ? name : '…')} must not be an object: one RoPE for all layers is supported, not one per layer type`,
    );
  }
  const theta = parameters['rope_theta'] ?? json['rope_theta'] ?? 10000;
  const rotated = parameters['partial_rotary_factor'] ?? json['partial_rotary_factor'] ?? 1;
  checkOneOf(rotated, label('partial_rotary_factor'), [1]);
  return {
    ropeTheta: checkNumber(theta, label('rope_theta'), FACTOR),
    ...parseScaling(parameters, json, { ...context, label }),
  };
}

function parseScaling(
  parameters: JsonObject,
  json: JsonObject,
  { label, headDim, maxPositions }: RopeContext,
): { readonly ropeScaling: RopeScaling | null; readonly limits: readonly ContextLimit[] } {
  const type = checkSupported(
    parameters['rope_type'] ?? parameters['type'] ?? 'default',
    label('rope_type'),
    TYPES,
  );
  const number = (field: string, fallback?: number) =>
    checkNumber(parameters[field] ?? fallback, label(field), FACTOR);
  const field = 'original_max_position_embeddings';
  const trained = json[field] ?? parameters[field] ?? maxPositions;
  const originalMaxPositions = checkInteger(trained, label(field), POSITIONS);
  const unlimited = (ropeScaling: RopeScaling | null) => ({ ropeScaling, limits: [] });
  const limitedTo = (positions: number, reason: string) => [
    { field: label('rope_type'), value: type, positions, reason },
  ];
  switch (type) {
    case 'default':
      return unlimited(null);
    case 'dynamic':
      number('factor');
      return {
        ropeScaling: null,
        limits: limitedTo(maxPositions, 'in longer contexts the frequencies depend on the length'),
      };
    case 'linear':
      return unlimited({ type, factor: number('factor') });
    case 'llama3':
      return unlimited({
        type,
        factor: number('factor'),
        lowFreqFactor: number('low_freq_factor'),
        highFreqFactor: number('high_freq_factor'),
        originalMaxPositions,
      });
    case 'yarn': {
      const factor = number('factor', maxPositions / originalMaxPositions);
      return unlimited({
        type,
        factor,
        originalMaxPositions,
        attentionFactor: number('attention_factor', yarnAttentionFactor(factor, parameters, label)),
        betaFast: number('beta_fast', 32),
        betaSlow: number('beta_slow', 1),
        truncate: checkBoolean(parameters['truncate'] ?? true, label('truncate')),
      });
    }
    case 'longrope': {
      const half = headDim / 2;
      const factors = checkList(
        parameters['short_factor'],
        label('short_factor'),
        half,
        (item, name) => checkNumber(item, name, FACTOR),
      );
      if (factors.length !== half) {
        throw invalidModel(
          `${label('short_factor')} must have head_dim / 2 = ${half} values, found ${factors.length}`,
        );
      }
      const factor = number('factor', maxPositions / originalMaxPositions);
      const attention =
        factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalMaxPositions));
      const limits = limitedTo(originalMaxPositions, 'longer contexts have other frequencies');
      return {
        ropeScaling: { type, factors, attentionFactor: number('attention_factor', attention) },
        limits: originalMaxPositions < maxPositions ? limits : [],
      };
    }
  }
}

/** Default of the YaRN paper, https://arxiv.org/abs/2309.00071; `mscale` is an extension by DeepSeek. */
function yarnAttentionFactor(
  factor: number,
  parameters: JsonObject,
  label: RopeContext['label'],
): number {
  const magnitude = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const [mscale, mscaleAllDim] = [parameters['mscale'], parameters['mscale_all_dim']];
  if (!mscale || !mscaleAllDim) return magnitude(1);
  const check = (value: unknown) => checkNumber(value, label('mscale'), FACTOR);
  return magnitude(check(mscale)) / magnitude(check(mscaleAllDim));
}
