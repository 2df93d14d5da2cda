import type { SalamandraError } from '../../errors/salamandra-error.js';
import { toSentence } from '../openai/errors.js';

/** Whether an error under this path has Ollama's form. */
export function isOllamaPath(path: string): boolean {
  return /^\/api(?:\/|$)/i.test(path);
}

/** The error body of Ollama's API. */
export function toOllamaError(error: SalamandraError): { readonly error: string } {
  return { error: toSentence(error) };
}
