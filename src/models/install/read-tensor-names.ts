import {
  LENGTH_FIELD_BYTES,
  parseHeaderLength,
  parseSafetensorsHeader,
} from '../convert/safetensors-header.js';
import type { HubClient } from '../hub/hub-client.js';
import type { HubFile, HubSnapshot } from '../hub/hub-snapshot.js';
import { invalidModel } from '../package/invalid-model.js';

/**
 * The names in a weight file that lies at the hub: its header is fetched alone.
 *
 * @throws as `HubClient`, MODEL_INVALID for a header that no reader would take.
 */
export async function readTensorNames(
  client: HubClient,
  snapshot: HubSnapshot,
  file: HubFile,
  options: Parameters<HubClient['readRange']>[3],
): Promise<string[]> {
  if (file.bytes < LENGTH_FIELD_BYTES) throw invalidModel('a weight file is too short');
  const read = (begin: number, end: number) =>
    client.readRange(snapshot, file, { begin, end }, options);
  const length = parseHeaderLength(await read(0, LENGTH_FIELD_BYTES), file.bytes);
  const header = await read(LENGTH_FIELD_BYTES, LENGTH_FIELD_BYTES + length);
  return [...parseSafetensorsHeader(header, file.bytes).keys()];
}
