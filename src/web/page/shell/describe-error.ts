import { MAX_MEDIA_PER_REQUEST } from '../../../config/limits.js';
import type { Messages } from '../locales/en.js';
import type { Problem } from '../service/api-types.js';
import { ServiceError } from '../service/service-error.js';

/** An error as the page shows it. */
export interface DescribedError {
  readonly text: string;
  /** The English sentence of the service. Undefined if the error is not a problem of the service. */
  readonly detail: string | undefined;
  /** Whether the same request may succeed later. */
  readonly canRetry: boolean;
}

/** Describes an error in the page language, with value and limit if the service sends them. */
export function describeError(
  error: unknown,
  { errors }: Messages,
  locale: string,
): DescribedError {
  if (!(error instanceof ServiceError)) {
    return { text: errors.unknown, detail: undefined, canRetry: true };
  }
  if (error.kind === 'unreachable') {
    return { text: errors.offline, detail: undefined, canRetry: true };
  }
  if (error.kind === 'interrupted' || !error.problem) {
    return { text: errors.interrupted, detail: undefined, canRetry: true };
  }
  const { code, detail, retryable } = error.problem;
  const text = errors.byCode[code];
  // An internal error may be temporary. Other codes without a text are of a newer service, which has a sentence.
  if (code === 'INTERNAL') return { text: errors.unknown, detail, canRetry: true };
  if (text === undefined) return { text: errors.refused(code), detail, canRetry: retryable };
  const facts = describeFacts(error.problem, errors, locale).join(', ');
  const inserted = text.replace('{facts}', facts === '' ? '' : ` (${facts})`);
  return { text: inserted, detail, canRetry: retryable };
}

/** A value and its limit, of which the service may send either. */
interface Excess {
  readonly measure: string;
  readonly value: number | undefined;
  readonly limit: number;
}

/** The names that problems use for a value and its limit. */
const LIMIT_NAMES = [
  { measure: 'bytes', value: 'bytes', limit: 'max_bytes' },
  { measure: 'bytes', value: 'bytes', limit: 'maxBytes' },
  { measure: 'seconds', value: 'seconds', limit: 'max_seconds' },
  { measure: 'tokens', value: 'tokens', limit: 'max_tokens' },
  { measure: 'tokens', value: 'tokens', limit: 'maxTokens' },
  { measure: 'tokens', value: 'neededTokens', limit: 'availableTokens' },
  { measure: 'tokens', value: 'needed_tokens', limit: 'available_tokens' },
] as const;

function describeFacts(problem: Problem, errors: Messages['errors'], locale: string): string[] {
  const { parameter, min, max } = problem.parameters ?? {};
  const name = typeof parameter === 'string' ? [parameter] : [];
  if (typeof min === 'number' && typeof max === 'number') {
    const [least, most] = [min, max].map((value) => formatNumber(value, locale));
    return [...name, errors.range(least ?? '', most ?? '')];
  }
  const excess = findExcess(problem);
  if (!excess) return name;
  const { measure, value, limit } = excess;
  const format = (amount: number) => formatAmount(measure, amount, errors, locale);
  // If the value is within the limit, it is the size of one file, and the limit applies to all files together.
  const exceeds = value !== undefined && value > limit;
  return [...name, ...(exceeds ? [format(value)] : []), errors.limit(format(limit))];
}

function findExcess({ code, parameters = {} }: Problem): Excess | undefined {
  const { measure, value, limit } = parameters;
  const numberOf = (amount: unknown) => (typeof amount === 'number' ? amount : undefined);
  if (typeof measure === 'string' && typeof limit === 'number') {
    return { measure, value: numberOf(value), limit };
  }
  const { context_length, text_tokens, min_image_tokens, max_tokens } = parameters;
  if (typeof context_length === 'number') {
    const parts = [text_tokens, min_image_tokens, max_tokens].map((part) => numberOf(part) ?? 0);
    const sum = parts.reduce((total, part) => total + part, 0);
    return { measure: 'tokens', value: sum, limit: context_length };
  }
  for (const names of LIMIT_NAMES) {
    const found = numberOf(parameters[names.limit]);
    if (found === undefined) continue;
    return { measure: names.measure, value: numberOf(parameters[names.value]), limit: found };
  }
  if (code !== 'TOO_MANY_PARTS') return undefined;
  return { measure: 'files', value: undefined, limit: MAX_MEDIA_PER_REQUEST };
}

function formatAmount(
  measure: string,
  amount: number,
  { amounts }: Messages['errors'],
  locale: string,
): string {
  if (measure === 'bytes') return formatBytes(amount, locale);
  if (measure === 'seconds') return formatSeconds(amount, locale);
  const text = formatNumber(amount, locale);
  return measure in amounts ? amounts[measure as keyof typeof amounts](text) : text;
}

export function formatBytes(bytes: number, locale: string): string {
  if (bytes >= 1e9) return formatNumber(bytes / 1e9, locale, 'gigabyte');
  if (bytes >= 1e6) return formatNumber(bytes / 1e6, locale, 'megabyte');
  return formatNumber(bytes / 1e3, locale, 'kilobyte');
}

function formatSeconds(seconds: number, locale: string): string {
  if (seconds >= 3_600) return formatNumber(seconds / 3_600, locale, 'hour');
  return formatNumber(seconds, locale, 'second');
}

function formatNumber(value: number, locale: string, unit?: string): string {
  const style = unit === undefined ? {} : ({ style: 'unit', unit } as const);
  return new Intl.NumberFormat(locale, { ...style, maximumFractionDigits: 2 }).format(value);
}
