import { invalidModel } from '../../package/invalid-model.js';
import { describeValue } from '../../package/json-fields.js';

/**
 * The entry of a table of supported names.
 *
 * @throws MODEL_INVALID naming the value found, the supported ones and the remedy, if the table has no such name.
 */
export function checkSupported<T>(
  value: unknown,
  label: string,
  table: Readonly<Record<string, T>>,
): T {
  const known = typeof value === 'string' && Object.hasOwn(table, value) ? table[value] : undefined;
  if (known !== undefined) return known;
  throw invalidModel(
    `${label} ${describeValue(value)} is not supported. Supported: ${Object.keys(table).join(', ')}. ` +
      'Choose a checkpoint of one of these, or serve this one with transformers or vLLM',
  );
}
