import { MAX_HISTORY_TURNS } from '../../../config/limits.js';
import type { Exchange, Question } from './conversation.js';

/** Candidate tokens per step. */
const TOP_LOGPROBS = 5;

/** The content of a request for an answer. */
interface AskRequest {
  readonly question: Question;
  /** The exchanges before the question. */
  readonly earlier: readonly Exchange[];
  /** Images and videos in order. */
  readonly files: readonly File[];
  readonly tokens: 'hidden' | 'shown';
}

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** The form of POST /v1/answers. */
export function toAskForm({ question, earlier, files, tokens }: AskRequest): FormData {
  const form = new FormData();
  const { temperature, seed } = question.sampling;
  form.set('question', question.text);
  form.set('language', question.language);
  const history = toHistory(earlier);
  if (history.length > 0) form.set('history', JSON.stringify(history));
  if (temperature !== null) form.set('temperature', String(temperature));
  if (seed !== null) form.set('seed', String(seed));
  if (tokens === 'shown') form.set('top_logprobs', String(TOP_LOGPROBS));
  for (const file of files) form.append('file', file, file.name);
  return form;
}

/**
 * The conversation history: user and assistant alternate, and the assistant is last. Leaves out exchanges with a failed
 * or empty answer, and the oldest turns beyond MAX_HISTORY_TURNS.
 */
export function toHistory(earlier: readonly Exchange[]): Turn[] {
  return earlier
    .filter(({ text, progress }) => progress.state !== 'failed' && text.trim() !== '')
    .flatMap(({ question, text }): Turn[] => [
      { role: 'user', text: question.text },
      { role: 'assistant', text },
    ])
    .slice(-MAX_HISTORY_TURNS);
}
