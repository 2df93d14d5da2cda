import {
  MAX_FILE_SECONDS,
  MAX_METADATA_NAME,
  MAX_METADATA_PAIRS,
  MAX_METADATA_VALUE,
  MAX_WINDOW_HOURS,
  MIN_WINDOW_HOURS,
} from '../../../config/batch-limits.js';
import type { ModelDescription } from '../../../engine/vision-language-engine.js';
import { SalamandraError } from '../../../errors/salamandra-error.js';
import type { BatchRequest } from '../../../jobs/batches.js';
import type { JobDatabase } from '../../../jobs/database/job-database.js';
import { getFile } from '../../../jobs/files.js';
import { ANY_MODEL } from '../../request/loaded-model.js';
import { readExpiresAfter } from '../files/expires-after.js';
import { invalidParameter, isAbsent, readObject, readString } from '../request-body.js';
import { ENDPOINTS } from './process-line.js';

/**
 * Parses the body of a new batch.
 *
 * @throws INVALID_REQUEST, INVALID_PARAMETER, NOT_FOUND for an unknown input file.
 */
export async function toBatchRequest(
  value: unknown,
  database: JobDatabase,
  model: ModelDescription,
): Promise<BatchRequest> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SalamandraError('INVALID_REQUEST', 'The body must be a JSON object.');
  }
  const body = value as Readonly<Record<string, unknown>>;
  for (const [name, given] of Object.entries(body)) {
    if (!FIELDS.has(name) && !isAbsent(given)) {
      const safe = /^\w{1,64}$/.test(name) ? name : '(unnamed)';
      throw invalidParameter(safe, 'is not supported by this endpoint. Leave it out.');
    }
  }
  const endpoint = ENDPOINTS.find((path) => path === body['endpoint']);
  if (endpoint === undefined) {
    throw invalidParameter('endpoint', `must be one of ${ENDPOINTS.join(', ')}.`);
  }
  const window = readWindow(body['completion_window']);
  const metadata = readMetadata(body['metadata']);
  const outputSeconds = readExpiresAfter(body['output_expires_after'], 'output_expires_after');
  const file = await getFile(database, readString(body['input_file_id'], 'input_file_id'));
  if (file.purpose !== 'batch') {
    throw invalidParameter('input_file_id', 'must be a file with the purpose "batch".');
  }
  return {
    name: `batch ${file.filename}`,
    source: { kind: 'batch', file: file.id, endpoint, models: [model.id, ANY_MODEL] },
    model: model.id,
    ...{ window, metadata },
    outputSeconds: outputSeconds ?? MAX_FILE_SECONDS,
  };
}

const FIELDS: ReadonlySet<string> = new Set([
  ...['input_file_id', 'endpoint', 'completion_window', 'metadata', 'output_expires_after'],
]);

/** `24h`, OpenAI's only value, and longer ones: `36h`, `7d`. */
function readWindow(value: unknown): BatchRequest['window'] {
  const text = typeof value === 'string' ? value : '';
  const match = /^([1-9]\d{0,2})([hd])$/.exec(text);
  const hours = match ? Number(match[1]) * (match[2] === 'd' ? 24 : 1) : 0;
  if (hours >= MIN_WINDOW_HOURS && hours <= MAX_WINDOW_HOURS) return { text, hours };
  throw invalidParameter(
    'completion_window',
    `must be from "${MIN_WINDOW_HOURS}h" to "${MAX_WINDOW_HOURS / 24}d", in hours or days.`,
  );
}

function readMetadata(value: unknown): BatchRequest['metadata'] {
  if (isAbsent(value)) return null;
  const pairs = Object.entries(readObject(value, 'metadata'));
  if (pairs.length > MAX_METADATA_PAIRS) {
    throw invalidParameter('metadata', `must have at most ${MAX_METADATA_PAIRS} pairs.`);
  }
  const isValid = pairs.every(
    ([name, text]) =>
      name.length <= MAX_METADATA_NAME &&
      typeof text === 'string' &&
      text.length <= MAX_METADATA_VALUE,
  );
  if (isValid) return Object.fromEntries(pairs) as Record<string, string>;
  throw invalidParameter(
    'metadata',
    `must have names of at most ${MAX_METADATA_NAME} and strings of at most ${MAX_METADATA_VALUE} characters.`,
  );
}
