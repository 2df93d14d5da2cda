import {
  type JsonObject,
  checkInteger,
  checkNumber,
  checkObject,
  checkOneOf,
  checkString,
} from '../../package/json-fields.js';
import { invalidModel, quoteName, withRemedy } from '../../package/invalid-model.js';

/** Settings of a LoRA adapter that the merge needs. */
export interface AdapterConfig {
  /**
   * The factor of B times A.
   *
   * @param module name of the module in the adapter file, without `base_model.model.`.
   * @throws MODEL_INVALID unless the configuration has this rank for the module.
   */
  scaleOf(module: string, rank: number): number;
}

export const MERGE_REMEDY =
  'Merge the adapter with PEFT (`merge_and_unload`, then `save_pretrained`) and convert the result';

const RANK = { min: 1, max: 1 << 16 };
const ALPHA = { min: -1e9, max: 1e9 };
const MAX_PATTERN = 200;

/** Fields of `LoraConfig` in PEFT that change the merged weights in a way that is not implemented, if they are set. */
const UNSUPPORTED_FIELDS = [
  ...['alora_invocation_tokens', 'arrow_config', 'ensure_weight_tying', 'fan_in_fan_out'],
  ...['kasa_config', 'layer_replication', 'lora_bias', 'megatron_config', 'monteclora_config'],
  ...['target_parameters', 'trainable_token_indices', 'use_bdlora', 'use_qalora', 'velora_config'],
];

/** Fields that are read below, or concern the training only: the tensors of the file tell what was trained. */
const OTHER_FIELDS = new Set([
  ...['alpha_pattern', 'init_lora_weights', 'lora_alpha', 'peft_type', 'r', 'rank_pattern'],
  ...['use_dora', 'use_rslora'],
  ...['auto_mapping', 'base_model_class', 'base_model_name_or_path', 'bias', 'corda_config'],
  ...['eva_config', 'exclude_modules', 'inference_mode', 'layers_pattern', 'layers_to_transform'],
  ...['loftq_config', 'lora_dropout', 'lora_ga_config', 'megatron_core', 'modules_to_save'],
  ...['parent_library', 'peft_version', 'qalora_group_size', 'revision', 'runtime_config'],
  ...['target_modules', 'task_type', 'unsloth_fixed'],
]);

/** Initializations that leave the base model as it is. The others subtract the initial adapter from it. */
const INITIALIZATIONS = [true, false, 'gaussian', 'eva', 'orthogonal', 'mica'];

/**
 * Parses `adapter_config.json` of PEFT (https://huggingface.co/docs/peft). Defaults are those of `LoraConfig`.
 *
 * @throws MODEL_INVALID if a setting needs an unsupported feature.
 */
export function parseAdapterConfig(json: JsonObject): AdapterConfig {
  withRemedy(MERGE_REMEDY, () => {
    checkOneOf(json['peft_type'], 'peft_type', ['LORA']);
    checkOneOf(json['init_lora_weights'] ?? true, 'init_lora_weights', INITIALIZATIONS);
    for (const [field, value] of Object.entries(json)) {
      if (!isSet(value) || OTHER_FIELDS.has(field)) continue;
      const kind = UNSUPPORTED_FIELDS.includes(field) ? 'is not supported' : 'is not known';
      throw invalidModel(`the setting ${quoteName(field)} ${kind}`);
    }
  });
  const r = checkInteger(json['r'] ?? 8, 'r', RANK);
  const alpha = checkNumber(json['lora_alpha'] ?? 8, 'lora_alpha', ALPHA);
  const isRankStabilized = checkOneOf(json['use_rslora'] ?? false, 'use_rslora', [true, false]);
  const rankOf = createPatterns(json['rank_pattern'], 'rank_pattern', (value, label) =>
    checkInteger(value, label, RANK),
  );
  const alphaOf = createPatterns(json['alpha_pattern'], 'alpha_pattern', (value, label) =>
    checkNumber(value, label, ALPHA),
  );
  return {
    scaleOf: (module, rank) => {
      const expected = rankOf(module) ?? r;
      if (rank !== expected) {
        throw invalidModel(
          `the rank of ${quoteName(module)} must be ${expected} (r, rank_pattern), found ${rank}`,
        );
      }
      return (alphaOf(module) ?? alpha) / (isRankStabilized ? Math.sqrt(rank) : rank);
    },
  };
}

/** Whether a value differs from null, false and an empty list or object. */
function isSet(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false;
}

/** Values by regular expression. Like in PEFT, the first that matches the end of the name, after a dot, counts. */
function createPatterns(
  value: unknown,
  field: string,
  check: (item: unknown, label: string) => number,
): (module: string) => number | undefined {
  const patterns = Object.entries(checkObject(value ?? {}, field)).map(([key, item]) => {
    checkString(key, `each pattern in ${field}`, MAX_PATTERN);
    return [toExpression(key, field), check(item, `each value in ${field}`)] as const;
  });
  return (module) => patterns.find(([pattern]) => pattern.test(module))?.[1];
}

function toExpression(pattern: string, field: string): RegExp {
  try {
    return new RegExp(`^(?:.*\\.)?(?:${pattern})$`);
  } catch (cause) {
    throw invalidModel(`${field} contains a pattern that is not supported. ${MERGE_REMEDY}`, cause);
  }
}
