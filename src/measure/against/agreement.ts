import type { SamplePrompt } from '../verify/sample-prompts.js';
import type { ScoredPrompt } from './score-answers.js';
import type { ServerAnswer } from './server-answer.js';

/** How well a package and a server agree on one prompt. */
export interface PromptAgreement {
  readonly language: string;
  readonly hasImage: boolean;
  readonly promptTokens: { readonly own: number; readonly server: number | null };
  readonly isSameAnswer: boolean;
  /** `null` if the server sends no log-probabilities. */
  readonly tokens: TokenAgreement | null;
}

/** Agreement along the server's answer. */
export interface TokenAgreement {
  /** Compared positions: the tokens of the answer, and its end if the server stopped. */
  readonly positions: number;
  readonly sameTop1: number;
  /** Positions before the first different top-1 token. */
  readonly matching: number;
  /** Absolute differences of the log-probabilities of the server's tokens, in nats. */
  readonly differences: readonly number[];
  /** Positions at which the server did not choose its most likely token. */
  readonly notGreedy: number;
  /** Tokens at the end of the answer that the package's vocabulary lacks. */
  readonly unknown: number;
}

/** A token of a server's answer, with the ids that it may be. */
export interface NamedToken {
  readonly chosen: readonly number[];
  /** The ids of the server's most likely token. */
  readonly top: readonly number[];
  readonly logprob: number;
}

type Prompt = Pick<SamplePrompt, 'language' | 'hasImage'>;

/** @param tokens the server's answer up to the first token that the vocabulary lacks. */
export function measureAgreement(
  prompt: Prompt,
  server: ServerAnswer,
  tokens: readonly NamedToken[],
  own: ScoredPrompt,
  eos: readonly number[],
): PromptAgreement {
  const compared = tokens.flatMap((token, index) => {
    const position = own.positions[index];
    return position ? [{ ...token, own: position }] : [];
  });
  const same = compared.map(({ top, own: { topId } }) => top.includes(topId));
  const last = tokens.at(-1)?.chosen ?? [];
  const unknown = (server.tokens?.length ?? 0) - tokens.length;
  const end = own.positions[tokens.length];
  // Some servers include the end token in the answer, others leave it out.
  const isEndCompared =
    server.end === 'stop' && unknown === 0 && !last.some((id) => eos.includes(id));
  if (isEndCompared && end) same.push(eos.includes(end.topId));
  const firstDifferent = same.indexOf(false);
  return {
    ...header(prompt, server, own),
    isSameAnswer: firstDifferent < 0 && unknown === 0,
    tokens: {
      positions: same.length,
      sameTop1: same.filter(Boolean).length,
      matching: firstDifferent < 0 ? same.length : firstDifferent,
      differences: compared.map((token) => Math.abs(token.own.logprob - token.logprob)),
      notGreedy: tokens.filter(({ chosen, top }) => !chosen.some((id) => top.includes(id))).length,
      unknown,
    },
  };
}

/** @param text the package's greedy answer. */
export function measureTexts(
  prompt: Prompt,
  server: ServerAnswer,
  text: string,
  own: ScoredPrompt,
): PromptAgreement {
  // Servers differ in whether they trim answers.
  const isSameAnswer = text.trim() === server.text.trim();
  return { ...header(prompt, server, own), isSameAnswer, tokens: null };
}

function header(
  { language, hasImage }: Prompt,
  { promptTokens }: ServerAnswer,
  own: ScoredPrompt,
): Omit<PromptAgreement, 'isSameAnswer' | 'tokens'> {
  return { language, hasImage, promptTokens: { own: own.promptTokens, server: promptTokens } };
}

/** The figures of all prompts together. */
export interface AgreementTotals {
  readonly sameAnswers: number;
  /** Prompts for which server and package count another number of prompt tokens. */
  readonly differentPrompts: number;
  readonly positions: number;
  readonly sameTop1: number;
  /** Mean and maximum of the log-probability differences; `null` without any. */
  readonly logprobDifference: { readonly mean: number; readonly max: number } | null;
  readonly notGreedy: number;
  readonly unknown: number;
}

export function totalAgreement(prompts: readonly PromptAgreement[]): AgreementTotals {
  const tokens = prompts.flatMap((prompt) => prompt.tokens ?? []);
  const sum = (valueOf: (one: TokenAgreement) => number) =>
    tokens.reduce((total, one) => total + valueOf(one), 0);
  const differences = tokens.flatMap((one) => one.differences);
  return {
    sameAnswers: prompts.filter(({ isSameAnswer }) => isSameAnswer).length,
    differentPrompts: prompts.filter(
      ({ promptTokens: { own, server } }) => server !== null && server !== own,
    ).length,
    positions: sum(({ positions }) => positions),
    sameTop1: sum(({ sameTop1 }) => sameTop1),
    logprobDifference:
      differences.length === 0
        ? null
        : {
            mean: differences.reduce((total, one) => total + one, 0) / differences.length,
            max: differences.reduce((a, b) => Math.max(a, b), 0),
          },
    notGreedy: sum(({ notGreedy }) => notGreedy),
    unknown: sum(({ unknown }) => unknown),
  };
}
