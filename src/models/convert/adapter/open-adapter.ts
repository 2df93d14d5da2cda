import { readFile, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { hashFile } from '../../package/file-hash.js';
import { checkingFile, invalidCheckpoint, withFile } from '../../package/invalid-model.js';
import { parseJsonObject } from '../../package/json-fields.js';
import type { AdapterSource } from '../../package/manifest.js';
import { hashLines } from '../checkpoint/checkpoint-files.js';
import { openSafetensors } from '../checkpoint/safetensors.js';
import { type ConversionPlan, shapeOf } from '../plan-conversion.js';
import { createFloatSource } from '../quantize/float-source.js';
import type { MatrixSource } from '../quantize/matrix-source.js';
import { createLowRankSource } from './low-rank-source.js';
import { parseAdapterConfig } from './parse-adapter-config.js';
import { planChanges } from './plan-changes.js';

const CONFIG_FILE = 'adapter_config.json';
const WEIGHT_FILE = 'adapter_model.safetensors';

/** A LoRA adapter that is merged into the weights while they are converted. */
export interface Adapter {
  readonly source: AdapterSource;
  /** @returns the source of a weight with the changes of the adapter. */
  merge(weight: string, base: MatrixSource): MatrixSource;
  close(): Promise<void>;
}

/**
 * Opens the folder of a PEFT adapter and checks it against the plan of its base model. Values are read on demand.
 *
 * @throws MODEL_INVALID if the adapter is malformed, needs an unsupported feature or does not fit the base model.
 */
export async function openAdapter(directory: string, plan: ConversionPlan): Promise<Adapter> {
  await checkAdapterFolder(directory);
  const bytes = await readFile(join(directory, CONFIG_FILE));
  const config = checkingFile('checkpoint', CONFIG_FILE, () =>
    parseAdapterConfig(parseJsonObject(bytes, CONFIG_FILE)),
  );
  if (plan.quantization.kind !== 'none') {
    throw invalidCheckpoint(
      'config.json',
      'the base model is quantized. An adapter can be merged into float weights only: use the unquantized base model',
    );
  }
  const revision = hashLines(
    await Promise.all(
      [CONFIG_FILE, WEIGHT_FILE].map(async (name) => {
        const { sha256 } = await hashFile(join(directory, name), 'follow');
        return [name, sha256] as const;
      }),
    ),
  );
  const file = await openSafetensors(join(directory, WEIGHT_FILE)).catch((error: unknown) => {
    throw withFile(error, 'checkpoint', WEIGHT_FILE);
  });
  try {
    const changes = checkingFile('checkpoint', WEIGHT_FILE, () =>
      planChanges(file.tensors.values(), config, plan),
    );
    return {
      source: { name: nameOf(directory), revision },
      merge: (weight, base) => {
        const { replacement, lowRank } = changes.get(weight) ?? {};
        const source = replacement
          ? createFloatSource(replacement, shapeOf(plan, weight), null)
          : base;
        return lowRank ? createLowRankSource(source, lowRank) : source;
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

const MAX_NAME = 256;

/** Name of the folder, as the manifest allows it. */
function nameOf(directory: string): string {
  const name = basename(resolve(directory)).replace(/\p{C}/gu, '').slice(0, MAX_NAME);
  return name === '' ? 'adapter' : name;
}

async function checkAdapterFolder(directory: string): Promise<void> {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw invalidCheckpoint(null, 'the folder of the adapter cannot be read', cause);
  });
  if (!names.includes(CONFIG_FILE)) {
    throw invalidCheckpoint(
      CONFIG_FILE,
      'the file is missing. The folder of an adapter has adapter_config.json and adapter_model.safetensors',
    );
  }
  if (names.includes(WEIGHT_FILE)) return;
  const problem = names.includes('adapter_model.bin')
    ? 'the adapter is in the pickle format (.bin), which can run code and is not supported. Load it with PEFT and save it again with `save_pretrained`'
    : `the file is missing. Download it too`;
  throw invalidCheckpoint(WEIGHT_FILE, problem);
}
