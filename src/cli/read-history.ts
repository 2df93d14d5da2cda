import { readFile, stat } from 'node:fs/promises';

import { MAX_CONVERSATION_BYTES, MAX_HISTORY_TURNS } from '../config/limits.js';
import type { EarlierTurn } from '../engine/conversations.js';
import { type ErrorDetails, SalamandraError } from '../errors/salamandra-error.js';

/**
 * Reads the turns before a question from a file with a JSON list of `{"role": "user" | "assistant", "text": ...}`, oldest
 * first, as the HTTP API takes them.
 *
 * @throws NOT_FOUND, PAYLOAD_TOO_LARGE, INVALID_JSON, INVALID_PARAMETER
 */
export async function readHistory(path: string): Promise<EarlierTurn[]> {
  const turns: unknown = parse(await read(path));
  if (!Array.isArray(turns) || !turns.every(isTurn)) {
    throw invalid('--history takes a file with a list of turns, each with "role" and "text".');
  }
  const isInTurn = turns.every(({ role }, index) => (role === 'user') === (index % 2 === 0));
  if (!isInTurn || turns.length % 2 !== 0) {
    throw invalid('The turns must take turns: "user" first, "assistant" last.');
  }
  if (turns.length > MAX_HISTORY_TURNS) {
    throw invalid('The history has too many turns.', { max_turns: MAX_HISTORY_TURNS });
  }
  return turns.map(({ role, text }) => ({ role, text }));
}

async function read(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_CONVERSATION_BYTES) return await readFile(path, 'utf8');
  } catch (cause) {
    throw new SalamandraError('NOT_FOUND', 'The history cannot be read.', { cause });
  }
  throw new SalamandraError('PAYLOAD_TOO_LARGE', 'The history is too long.', {
    details: { max_bytes: MAX_CONVERSATION_BYTES },
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SalamandraError('INVALID_JSON', 'The history is not valid JSON.', { cause });
  }
}

function isTurn(value: unknown): value is EarlierTurn {
  if (typeof value !== 'object' || value === null) return false;
  const { role, text } = value as Partial<Record<string, unknown>>;
  return (role === 'user' || role === 'assistant') && typeof text === 'string' && text !== '';
}

function invalid(message: string, details?: ErrorDetails): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', message, { details });
}
