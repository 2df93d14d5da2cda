/**
 * `npm run evaluate:trust [-- --captions FILE] [--scenes N]`: measures how far the checks of texts may be trusted.
 *
 * Language: sentences of the UDHR that the table was not trained on, texts that switch the language, the answers of the
 * demo model in all languages on N held-out scenes (default: 100), and the captions of FILE (JSON: texts by language
 * code). Exits with 1 if a target is missed.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { heldOutSentences } from '../../models/language-check/udhr-texts.js';
import { parseInteger } from '../../src/config/configuration.js';
import { captionConversation } from '../../src/engine/conversations.js';
import { checkLanguage } from '../../src/language/check/check-language.js';
import { CAPTION_KINDS, LANGUAGES } from '../../src/language/languages.js';
import { drawScene } from '../evaluation/draw-scene.js';
import { startEnginePool } from '../evaluation/engine-pool.js';
import { sampleScene } from '../evaluation/scenes.js';
import {
  formatRow,
  measureLanguageCheck,
  measureOwnTexts,
  type TextsByLanguage,
  type TrustRow,
} from './language-rows.js';

/** Milliseconds that the check of a text may take on average. */
const MAX_CHECK_MS = 3;

const { values } = parseArgs({
  options: { captions: { type: 'string' }, scenes: { type: 'string', default: '100' } },
});
const scenes = parseInteger('--scenes', values.scenes, 1, 1_600);

const sentences = heldOutSentences();
const rows: TrustRow[] = measureLanguageCheck('UDHR', sentences);
if (values.captions !== undefined) {
  const captions = JSON.parse(readFileSync(values.captions, 'utf8')) as Record<string, string[]>;
  rows.push(...measureLanguageCheck('captions', new Map(Object.entries(captions))));
}
rows.push(measureOwnTexts('demo model: all languages', await describeScenes(scenes)));
for (const row of rows) console.log(formatRow(row));

const checkMs = measureCheck(sentences);
console.log(`${checkMs.toFixed(3)} ms per sentence, at most ${MAX_CHECK_MS}`);
process.exitCode = rows.every(({ isReached }) => isReached) && checkMs <= MAX_CHECK_MS ? 0 : 1;

/** Texts of all kinds by the demo model, in every language. */
async function describeScenes(count: number): Promise<TextsByLanguage> {
  const pool = await startEnginePool('int8');
  const texts = new Map(LANGUAGES.map(({ code }) => [code, [] as string[]]));
  const numbers = Array.from({ length: count }, (_, index) => index);
  const drawNext = async (): Promise<void> => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const kind = CAPTION_KINDS[number % CAPTION_KINDS.length] ?? 'caption';
      const media = [{ kind: 'image' as const, bytes: await drawScene(sampleScene(number)) }];
      const conversations = LANGUAGES.map((language) => captionConversation(kind, language));
      const { answers } = await pool.ask(media, conversations);
      LANGUAGES.forEach(({ code }, index) => texts.get(code)?.push(answers[index] ?? ''));
    }
  };
  await Promise.all(Array.from({ length: pool.size }, drawNext));
  await pool.close();
  return texts;
}

function measureCheck(texts: TextsByLanguage): number {
  const pairs = LANGUAGES.flatMap((language) =>
    (texts.get(language.code) ?? []).map((text) => ({ text, language })),
  );
  const begin = performance.now();
  for (const { text, language } of pairs) checkLanguage(text, language);
  return (performance.now() - begin) / pairs.length;
}
