import type { ChatMessage } from '../../language/chat-template.js';
import { createDetokenizer } from '../../language/detokenizer.js';
import type { Tokenizer } from '../../language/tokenizer.js';
import type { ModelManifest } from '../../models/package/manifest.js';
import { answerPosition } from '../../engine/prompts.js';
import {
  MAX_TRACED_TOKENS,
  type PreparedPrompt,
  prepareSamplePrompts,
} from '../verify/sample-prompts.js';
import {
  measureAgreement,
  measureTexts,
  type NamedToken,
  type PromptAgreement,
} from './agreement.js';
import type { PromptToScore, ScoredPrompt } from './score-answers.js';
import type { ServerAnswer } from './server-answer.js';
import type { ServerClient, ServerPrompt } from './server-client.js';
import { createTokenIndex, type TokenIndex } from './token-index.js';

/** The differences of a package from a server, prompt by prompt. */
export interface ServerComparison {
  /** `texts` if the server sends no log-probabilities. */
  readonly basis: 'logprobs' | 'texts';
  readonly prompts: readonly PromptAgreement[];
}

export interface ComparedPackage {
  readonly manifest: Pick<ModelManifest, 'decoder' | 'vision' | 'tokens'>;
  readonly tokenizer: Tokenizer;
  /** Runs prompts and answers through the package. */
  readonly score: (prompts: readonly PromptToScore[]) => Promise<readonly ScoredPrompt[]>;
}

/**
 * Asks a server for greedy answers to the sample prompts.
 *
 * @param imageUrl the sample image as a data URL.
 * @throws the errors of the server.
 */
export async function askServer(
  server: ServerClient,
  { manifest, tokenizer }: Pick<ComparedPackage, 'manifest' | 'tokenizer'>,
  imageUrl: string,
  onProgress: (step: string) => void,
): Promise<AskedPrompt[]> {
  const prompts = prepareSamplePrompts(manifest, tokenizer);
  const asked: AskedPrompt[] = [];
  for (const [index, prompt] of prompts.entries()) {
    onProgress(`server: prompt ${index + 1} of ${prompts.length}`);
    const answer = await server.complete(toServerPrompt(prompt, imageUrl), MAX_TRACED_TOKENS);
    asked.push({ ...prompt, server: answer });
  }
  return asked;
}

/**
 * Scores a server's answers with a package of the same model: at every position of the server's answer, the most likely
 * token and the log-probability of the server's token.
 *
 * @throws the errors of the package.
 */
export async function compareWithServer(
  asked: readonly AskedPrompt[],
  compared: ComparedPackage,
): Promise<ServerComparison> {
  const hasTokens = asked.every(({ server: { tokens } }) => tokens !== null);
  return hasTokens ? await compareTokens(asked, compared) : await compareTexts(asked, compared);
}

/** A sample prompt with its tokens and the server's answer. */
export interface AskedPrompt extends PreparedPrompt {
  readonly server: ServerAnswer;
}

async function compareTokens(
  prompts: readonly AskedPrompt[],
  { manifest, tokenizer, score }: ComparedPackage,
): Promise<ServerComparison> {
  const index = createTokenIndex(tokenizer, manifest.decoder.vocabularySize);
  const asked = prompts.map((prompt) => {
    const start = answerPosition(prompt.conversation) === 'start' ? 'first' : 'later';
    return { ...prompt, tokens: findTokens(prompt.server, index, start) };
  });
  const scored = await score(
    asked.map(({ segments, tokens }) => ({
      ...{ segments, maxTokens: MAX_TRACED_TOKENS },
      answer: tokens.map(({ chosen }) => chosen),
    })),
  );
  return {
    basis: 'logprobs',
    prompts: pair(asked, scored).map(([prompt, own]) =>
      measureAgreement(prompt, prompt.server, prompt.tokens, own, manifest.tokens.eos),
    ),
  };
}

async function compareTexts(
  prompts: readonly AskedPrompt[],
  { tokenizer, manifest, score }: ComparedPackage,
): Promise<ServerComparison> {
  const scored = await score(
    prompts.map(({ segments }) => ({ segments, answer: null, maxTokens: MAX_TRACED_TOKENS })),
  );
  const { eos } = manifest.tokens;
  return {
    basis: 'texts',
    prompts: pair(prompts, scored).map(([prompt, own]) => {
      const detokenizer = createDetokenizer(tokenizer, answerPosition(prompt.conversation));
      const ids = own.positions.map(({ id }) => id).filter((id) => !eos.includes(id));
      const text = ids.map((id) => detokenizer.push(id)).join('') + detokenizer.end();
      return measureTexts(prompt, prompt.server, text, own);
    }),
  };
}

/** @throws RangeError if the lists differ in length. */
function pair<A, B>(some: readonly A[], others: readonly B[]): (readonly [A, B])[] {
  if (some.length !== others.length) throw new RangeError('A prompt has no scores.');
  return others.flatMap((other, index) => {
    const one = some[index];
    return one === undefined ? [] : [[one, other] as const];
  });
}

/** The answer up to the first token that the vocabulary lacks. */
function findTokens(
  { tokens }: ServerAnswer,
  index: TokenIndex,
  start: 'first' | 'later',
): NamedToken[] {
  const found: NamedToken[] = [];
  for (const [place, { chosen, top, logprob }] of (tokens ?? []).entries()) {
    const position = place === 0 ? start : 'later';
    const ids = index.find(chosen, position);
    if (ids.length === 0) break;
    found.push({ chosen: ids, top: top === null ? ids : index.find(top, position), logprob });
  }
  return found;
}

/** The sample image comes before the text, as in the package's own prompts. */
function toServerPrompt({ conversation }: PreparedPrompt, imageUrl: string): ServerPrompt {
  if ('rawText' in conversation) return { kind: 'text', prompt: conversation.rawText };
  if ('tokenIds' in conversation) throw new RangeError('Sample prompts are texts or messages.');
  return { kind: 'chat', messages: conversation.map((message) => toMessage(message, imageUrl)) };
}

/** A message without an image has a string as its content, which every server accepts. */
function toMessage({ role, content }: ChatMessage, imageUrl: string): object {
  if (content.every((part) => part.type === 'text')) {
    return { role, content: content.map(({ text }) => text).join('') };
  }
  const parts = content.map((part) =>
    part.type === 'text'
      ? part
      : { type: 'image_url', image_url: { url: imageUrl, detail: 'high' } },
  );
  return { role, content: parts };
}
