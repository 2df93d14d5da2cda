import {
  MAX_BATCH_LINE_BYTES,
  MAX_BATCH_LINES,
  MAX_CUSTOM_ID_CHARACTERS,
} from '../../../config/batch-limits.js';
import { SalamandraError } from '../../../errors/salamandra-error.js';
import type {
  BatchFault,
  BatchLine,
  BatchSpec,
  ListedEntry,
  SourceEntry,
} from '../../../jobs/sources/source.js';
import { storableText } from '../../../jobs/storable-text.js';
import { checkJsonText, checkNames } from '../../request/json-body.js';
import type { FileStore } from '../files/file-store.js';
import { readLines, type RawLine } from './read-lines.js';

/**
 * Lists the requests of a batch as items: the item has the position of its line in the file, not the line. A line that
 * is no valid request becomes a skipped entry whose name is the number of the line; the batch fails then. Faults in the
 * body of a request, such as a damaged image, are results of the request.
 *
 * The file is read from its start also behind a cursor, because a `custom_id` must be unique in all of it.
 *
 * @param after number of the last line that was stored.
 * @throws STORAGE_UNAVAILABLE
 */
export async function* listLines(
  files: FileStore,
  spec: BatchSpec,
  after: string | undefined,
): AsyncGenerator<ListedEntry<BatchLine>> {
  const last = Number(after ?? 0);
  const seen = new Set<string>();
  let requests = 0;
  for await (const line of readLines(await files.read(spec.file), MAX_BATCH_LINE_BYTES)) {
    if (isBlank(line)) continue;
    requests++;
    const cursor = String(line.number);
    if (requests > MAX_BATCH_LINES) {
      const rule = `The file has more than ${MAX_BATCH_LINES} lines. Split it into several batches.`;
      yield { ...fault(line.number, 'TOO_MANY_LINES', rule), cursor };
      return;
    }
    const entry = toEntry(line, spec, seen);
    if (line.number > last) yield { ...entry, cursor };
  }
  if (requests === 0) yield { ...fault(null, 'EMPTY_FILE', 'The file has no lines.'), cursor: '1' };
}

function isBlank({ bytes }: RawLine): boolean {
  return bytes?.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d) ?? false;
}

function fault(line: number | null, code: BatchFault, reason: string): SourceEntry<BatchLine> {
  return { skipped: { entry: line === null ? '' : String(line), code, reason, count: 1 } };
}

function toEntry(line: RawLine, spec: BatchSpec, seen: Set<string>): SourceEntry<BatchLine> {
  const { number, offset, bytes } = line;
  if (bytes === undefined) {
    return fault(
      number,
      'LINE_TOO_LONG',
      `The line has more than ${MAX_BATCH_LINE_BYTES} bytes. Send smaller images.`,
    );
  }
  let request: Readonly<Record<string, unknown>>;
  try {
    request = parseLine(bytes);
  } catch (error) {
    const reason =
      error instanceof SalamandraError ? error.publicMessage : 'The line is not valid JSON.';
    return fault(number, 'INVALID_JSON_LINE', reason);
  }
  const identifier = request['custom_id'];
  if (!isCustomId(identifier)) {
    const rule = `custom_id must be a string of 1 to ${MAX_CUSTOM_ID_CHARACTERS} characters without control characters.`;
    return fault(number, 'INVALID_CUSTOM_ID', rule);
  }
  if (seen.has(identifier)) {
    return fault(number, 'DUPLICATE_CUSTOM_ID', 'An earlier line has the same custom_id.');
  }
  seen.add(identifier);
  if (request['method'] !== 'POST') {
    return fault(number, 'INVALID_METHOD', 'method must be POST.');
  }
  if (request['url'] !== spec.endpoint) {
    const rule = `url must be ${spec.endpoint}, the endpoint of the batch.`;
    return fault(number, 'INVALID_URL', rule);
  }
  const body = request['body'];
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return fault(number, 'INVALID_BODY', 'body must be a JSON object.');
  }
  const { model } = body as Readonly<Record<string, unknown>>;
  if (typeof model !== 'string' || !spec.models.includes(model)) {
    const names = spec.models.map((name) => `"${name}"`).join(' or ');
    return fault(number, 'MODEL_NOT_FOUND', `body.model must be ${names}.`);
  }
  const location = { kind: 'batch-line', file: spec.file, offset, bytes: bytes.length } as const;
  return { item: { identifier, location, record: {} } };
}

/** @throws SyntaxError, TypeError for bytes that are not UTF-8, and the errors of `checkJsonText` and `checkNames`. */
export function parseLine(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  checkJsonText(bytes);
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  checkNames(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SalamandraError('INVALID_JSON', 'The line is not a JSON object.');
  }
  return value as Readonly<Record<string, unknown>>;
}

function isCustomId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MAX_CUSTOM_ID_CHARACTERS &&
    !/\p{Control}/u.test(value) &&
    storableText(value) === value
  );
}
