/**
 * `npm run train:language-check`: trains the table of the language check, `src/language/check/language-table.br`, in
 * about a minute. Fetches CLDR's names of emoji (Unicode-3.0 licence) into a temporary folder with npm.
 *
 * The table is one layer of logistic regression over hashed character n-grams (as in fastText, Joulin et al. 2017),
 * trained with AdaGrad on short texts drawn from the UDHR, CLDR and the words of the demo model.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, brotliCompressSync } from 'node:zlib';

import { createRandom } from '../../src/decoder/sampling/random.js';
import { rowsOf, TABLE_BITS, wordsOf } from '../../src/language/check/character-ngrams.js';
import { WEIGHT_STEP } from '../../src/language/check/language-table.js';
import { LANGUAGE_CODES, languageEntry, resolveLanguage } from '../../src/language/languages.js';
import { trainingParagraphs } from './udhr-texts.js';

const CLDR = 'cldr-annotations-full@48.2.0';
const TABLE = new URL('../../src/language/check/language-table.br', import.meta.url);
const WORLD = new URL('../training/world/', import.meta.url);

const TEXTS = 700_000;
const SEED = 20_261_130;
const LEARNING_RATE = 0.5;
/** A smaller gradient of a language is left out: it changes nothing and costs most of the time. */
const MIN_GRADIENT = 1e-4;

/** CLDR writes Serbian in Latin script as a tag of its own. */
const CLDR_FOLDERS: Readonly<Record<string, string>> = { sh: 'sr-Latn' };

/** What the texts of a language are drawn from. */
interface Corpus {
  readonly paragraphs: readonly (readonly string[])[];
  readonly names: readonly string[];
  readonly objects: readonly string[];
  readonly forms: readonly string[];
  readonly sentences: readonly string[];
  readonly and: string;
}

const random = createRandom(SEED);
const folder = mkdtempSync(join(tmpdir(), 'language-check-'));
try {
  const install = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  execFileSync('npm', [...install, '--prefix', folder, CLDR], { stdio: 'inherit' });
  const corpora = LANGUAGE_CODES.map((code) => readCorpus(code));
  const bytes = brotliCompressSync(quantize(train(corpora)), {
    params: { [constants.BROTLI_PARAM_LGWIN]: 22 },
  });
  writeFileSync(TABLE, bytes);
  console.log(`Written: ${bytes.length} bytes.`);
} finally {
  rmSync(folder, { recursive: true });
}

function readCorpus(code: string): Corpus {
  const cldrFolder = CLDR_FOLDERS[code] ?? code;
  const names = readNames(cldrFolder);
  const entry = languageEntry(resolveLanguage(code));
  const objects = readJson(new URL('objects.json', WORLD)) as {
    readonly names: Readonly<Record<string, string>>;
  }[];
  const questions = readJson(new URL('questions.json', WORLD)) as Readonly<
    Record<string, { readonly answers: Readonly<Record<string, string>> }>
  >;
  return {
    paragraphs: trainingParagraphs(code).map(wordsOf),
    names,
    objects: objects.map((object) => object.names[code] ?? ''),
    forms: Object.values(questions[code]?.answers ?? {}).map((form) => form.replace('{0}', '')),
    sentences: [entry.answerIn, ...Object.values(entry.instructions).flat()],
    and: entry.and,
  };
}

/** Names and keywords of emoji. Occitan has few, and its texts are drawn from the UDHR instead. */
function readNames(cldrFolder: string): string[] {
  const file = join(
    ...[folder, 'node_modules', 'cldr-annotations-full', 'annotations', cldrFolder],
    'annotations.json',
  );
  if (!existsSync(file)) return [];
  const { annotations } = readJson(file) as {
    readonly annotations: {
      readonly annotations: Readonly<
        Record<string, { readonly tts?: readonly string[]; readonly default?: readonly string[] }>
      >;
    };
  };
  return Object.values(annotations.annotations).flatMap(({ tts = [], default: keywords = [] }) => [
    ...tts,
    ...keywords,
  ]);
}

function readJson(file: string | URL): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** A short text: words of the UDHR, names of emoji, or an answer of the demo model. */
function drawText(corpus: Corpus): string {
  const { names, sentences, forms, objects, and } = corpus;
  const kind = random();
  if (kind < 0.5 || (names.length < 100 && kind < 0.8)) return drawWords(corpus, 2, 10);
  if (kind < 0.8) return joined(drawSeveral(names, 4), random() < 0.5 ? and : '');
  if (kind < 0.9) return pick(sentences);
  const form = random() < 0.5 ? `${pick(forms)} ` : '';
  return form + joined(drawSeveral(objects, 3), and);
}

function drawWords({ paragraphs }: Corpus, min: number, max: number): string {
  const words = pick(paragraphs);
  const count = min + Math.floor(random() * (max - min + 1));
  const start = Math.floor(random() * Math.max(1, words.length - count + 1));
  return words.slice(start, start + count).join(' ');
}

function drawSeveral(values: readonly string[], max: number): string[] {
  return Array.from({ length: 1 + Math.floor(random() * max) }, () => pick(values));
}

function joined(values: readonly string[], and: string): string {
  if (values.length < 2) return values.join('');
  return `${values.slice(0, -1).join(' ')} ${and} ${values.at(-1) ?? ''}`;
}

function pick<T>(values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new RangeError('A language has no texts.');
  return value;
}

/** Logistic regression with one class per language. @returns weights `[rows, languages]` */
function train(corpora: readonly Corpus[]): Float32Array {
  const size = corpora.length;
  const weights = new Float32Array(size << TABLE_BITS);
  const squares = new Float32Array(size << TABLE_BITS);
  const gradients = new Float64Array(size);
  for (let text = 0; text < TEXTS; text += 1) {
    const language = text % size;
    const corpus = corpora[language];
    if (!corpus) continue;
    const rows = wordsOf(drawText(corpus)).flatMap(rowsOf);
    if (rows.length === 0) continue;
    const scale = 1 / Math.sqrt(rows.length);
    gradients.fill(0);
    for (const row of rows) {
      for (let each = 0; each < size; each += 1) {
        gradients[each] = (gradients[each] ?? 0) + (weights[row * size + each] ?? 0) * scale;
      }
    }
    const largest = Math.max(...gradients);
    let total = 0;
    for (let each = 0; each < size; each += 1) {
      const exponential = Math.exp((gradients[each] ?? 0) - largest);
      gradients[each] = exponential;
      total += exponential;
    }
    for (let each = 0; each < size; each += 1) {
      const target = each === language ? 1 : 0;
      gradients[each] = ((gradients[each] ?? 0) / total - target) * scale;
    }
    for (const row of rows) {
      for (let each = 0; each < size; each += 1) {
        const gradient = gradients[each] ?? 0;
        if (Math.abs(gradient) < MIN_GRADIENT) continue;
        const index = row * size + each;
        const square = (squares[index] ?? 0) + gradient * gradient;
        squares[index] = square;
        weights[index] =
          (weights[index] ?? 0) - (LEARNING_RATE * gradient) / Math.sqrt(square + 0.01);
      }
    }
    if (text % 100_000 === 0) console.log(`${text} of ${TEXTS} texts`);
  }
  return weights;
}

function quantize(weights: Float32Array): Int8Array {
  return Int8Array.from(weights, (weight) =>
    Math.max(-127, Math.min(127, Math.round(weight / WEIGHT_STEP))),
  );
}
