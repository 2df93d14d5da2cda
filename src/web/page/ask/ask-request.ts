import { MAX_HISTORY_TURNS } from '../../../config/limits.js';
import type { Exchange, Question } from './conversation.js';

/** Candidates of each token that are asked for. */
const TOP_LOGPROBS = 5;

/** What a request for an answer is made of. */
interface AskRequest {
  readonly question: Question;
  /** What was said before it. */
  readonly earlier: readonly Exchange[];
  /** Pictures and clips, in their order. */
  readonly files: readonly File[];
  readonly tokens: 'hidden' | 'shown';
}

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** The form that POST /v1/answers takes. */
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
 * The turns that the service is told of: the user and the assistant in turn, and the assistant last. An answer that
 * failed or is empty was no answer, so its question goes too. The oldest go where there are more than the service takes.
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
