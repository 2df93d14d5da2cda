import {
  type JsonObject,
  checkInteger,
  checkObject,
  checkOneOf,
  checkNumber,
} from '../../package/json-fields.js';
import type { RopeScaling } from '../../package/manifest.js';

const FACTOR = { min: 1e-6, max: 1e9 };
const POSITIONS = { min: 1, max: 1 << 24 };

const ROPE_LABEL = 'text_config.rope_parameters';

/**
 * Parses the RoPE parameters: `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling` (transformers 4).
 * Defaults as in `modeling_rope_utils.py` of transformers 5.
 *
 * @throws MODEL_INVALID if a field is out of range or the type is not supported.
 */
export function parseRope(
  json: JsonObject,
  maxPositions: number,
): { ropeTheta: number; ropeScaling: RopeScaling | null } {
  const parameters = checkObject(json['rope_parameters'] ?? json['rope_scaling'] ?? {}, ROPE_LABEL);
  const theta = parameters['rope_theta'] ?? json['rope_theta'] ?? 10000;
  const rotated = parameters['partial_rotary_factor'] ?? json['partial_rotary_factor'] ?? 1;
  checkOneOf(rotated, `${ROPE_LABEL}.partial_rotary_factor`, [1]);
  return {
    ropeTheta: checkNumber(theta, `${ROPE_LABEL}.rope_theta`, FACTOR),
    ropeScaling: parseScaling(parameters, json, maxPositions),
  };
}

function parseScaling(
  parameters: JsonObject,
  json: JsonObject,
  maxPositions: number,
): RopeScaling | null {
  const type = checkOneOf(
    parameters['rope_type'] ?? parameters['type'] ?? 'default',
    `${ROPE_LABEL}.rope_type`,
    ['default', 'linear', 'llama3', 'yarn'],
  );
  const number = (field: string, fallback?: number) =>
    checkNumber(parameters[field] ?? fallback, `${ROPE_LABEL}.${field}`, FACTOR);
  const field = 'original_max_position_embeddings';
  const trained = json[field] ?? parameters[field] ?? maxPositions;
  const originalMaxPositions = checkInteger(trained, `${ROPE_LABEL}.${field}`, POSITIONS);
  switch (type) {
    case 'default':
      return null;
    case 'linear':
      return { type, factor: number('factor') };
    case 'llama3':
      return {
        type,
        factor: number('factor'),
        lowFreqFactor: number('low_freq_factor'),
        highFreqFactor: number('high_freq_factor'),
        originalMaxPositions,
      };
    case 'yarn': {
      const factor = number('factor', maxPositions / originalMaxPositions);
      return {
        type,
        factor,
        originalMaxPositions,
        attentionFactor: number('attention_factor', attentionFactor(factor, parameters)),
        betaFast: number('beta_fast', 32),
        betaSlow: number('beta_slow', 1),
        truncate: checkOneOf(parameters['truncate'] ?? true, `${ROPE_LABEL}.truncate`, [
          true,
          false,
        ]),
      };
    }
  }
}

/** Default of the YaRN paper, https://arxiv.org/abs/2309.00071; `mscale` is an extension by DeepSeek. */
function attentionFactor(factor: number, parameters: JsonObject): number {
  const magnitude = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const [mscale, mscaleAllDim] = [parameters['mscale'], parameters['mscale_all_dim']];
  if (!mscale || !mscaleAllDim) return magnitude(1);
  const check = (value: unknown) => checkNumber(value, `${ROPE_LABEL}.mscale`, FACTOR);
  return magnitude(check(mscale)) / magnitude(check(mscaleAllDim));
}
