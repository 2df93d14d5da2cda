/**
 * `npm run parity`: converts the demo checkpoint and compares every stage with transformers, for all images and
 * conversations; then converts every checkpoint of the matrix and compares its answers. Prints all differences and
 * exits with 1 if a bound is broken. `--generate` computes the references of the matrix anew first, which needs Python.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import {
  brokenBounds,
  brokenConversationBounds,
  isCountTableEqual,
  isPrefillEqual,
  MIN_INT8_COSINE,
  MIN_INT8_HEAD_COSINE,
} from './bounds.js';
import type { AnswerReport } from './compare-answer.js';
import { compareConversation } from './compare-conversation.js';
import {
  CONVERSATION_COLUMNS,
  CONVERSATION_WIDTHS,
  conversationCells,
} from './conversation-row.js';
import { compareCounts } from './compare-counts.js';
import { compareImage } from './compare-image.js';
import { comparePrefill } from './compare-prefill.js';
import { checkMatrix } from './matrix/check-matrix.js';
import { generateMatrix } from './matrix/generate-matrix.js';
import { median } from '../bench/median.js';
import { hashWeights } from './hash-weights.js';
import { type ConvertedModel, openConverted } from '../tiny-model/converted-model.js';
import { exponent, imageCells, IMAGE_COLUMNS, printRow } from './image-row.js';
import { loadReferences, type ParityCase } from './references.js';

const ROOT = join(import.meta.dirname, '../..');
/** A prompt of one chunk, and the longest, which has several. */
const PREFILL_PICTURES = ['noise-150x110.png', 'most-tokens.png'];

const { values: options } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: join(ROOT, 'models/demo') },
    references: { type: 'string', default: join(ROOT, 'test/golden/parity') },
    generate: { type: 'boolean', default: false },
  },
});

if (options.generate) generateMatrix();
const references = await loadReferences(options.references);
if ((await hashWeights(options.checkpoint)) !== references.weightsSha256) {
  console.error('The references belong to other weights. Make them anew:');
  console.error('  python models/training/references.py');
  process.exit(2);
}
console.log(`Reference: transformers ${references.transformers}, fp32, Pillow image processor.\n`);
const broken = [
  ...(await withModel('fp32', async (model) => [
    ...(await checkPictures(model)),
    ...(await checkConversations(model)),
  ])),
  ...checkCounts(),
  ...(await withModel('int8', checkInt8)),
  ...(await checkCheckpoints()),
];
console.log(broken.length === 0 ? '\nEvery bound is kept.' : '\nBROKEN:');
for (const name of broken) console.log(`  ${name}`);
process.exitCode = broken.length === 0 ? 0 : 1;

async function withModel(
  precision: 'fp32' | 'int8',
  check: (model: ConvertedModel) => Promise<string[]>,
): Promise<string[]> {
  const model = await openConverted(options.checkpoint, precision);
  try {
    return await check(model);
  } finally {
    await model.close();
  }
}

async function checkPictures(model: ConvertedModel): Promise<string[]> {
  console.log('fp32. Pixels in 1/255 of full scale, mean and largest; distances are the largest');
  console.log('absolute one and the cosine. "same tiles": from the tiles that transformers cut;');
  console.log('"own tiles": from the file on ("=" where the tiles are equal bit for bit).\n');
  printRow('picture', IMAGE_COLUMNS);
  const failures: string[] = [];
  for (const one of references.cases) {
    const report = await compareImage(model, references, one);
    printRow(`${one.picture} ${one.detail}`, imageCells(report));
    failures.push(...brokenBounds(report).map((name) => `${one.picture} ${one.detail}: ${name}`));
  }
  console.log('\nOther ways through the same prompt, largest difference of the logits:');
  for (const one of references.cases.filter(isPrefillCase)) {
    for (const report of await comparePrefill(model, references, one)) {
      console.log(`  ${report.positions} positions, ${report.way}: ${exponent(report.maxAbs)}`);
      if (!isPrefillEqual(report)) failures.push(`${one.picture}: ${report.way}`);
    }
  }
  return failures;
}

async function checkConversations(model: ConvertedModel): Promise<string[]> {
  console.log(
    '\nConversations in fp32, their frames resized by Pillow. "pipeline": whether the answer of the',
  );
  console.log('whole line, from the encoded media on, is the same.\n');
  printRow('conversation', CONVERSATION_COLUMNS, CONVERSATION_WIDTHS);
  const failures: string[] = [];
  for (const one of references.conversations) {
    const report = await compareConversation(model, references, one);
    printRow(one.name, conversationCells(report), CONVERSATION_WIDTHS);
    failures.push(...brokenConversationBounds(report).map((name) => `${one.name}: ${name}`));
  }
  return failures;
}

function checkCounts(): string[] {
  console.log('\nTile grids and token counts of many sizes:');
  const reports = references.counts.map((table) => compareCounts(references, table));
  for (const { geometry, detail, sizes, different, mostTokens } of reports) {
    const result = `${sizes - different} of ${sizes} equal, ${mostTokens} tokens at most`;
    console.log(`  ${geometry}, ${detail}: ${result}`);
  }
  return reports
    .filter((report) => !isCountTableEqual(report))
    .map(({ geometry, detail }) => `counts of ${geometry}, ${detail}`);
}

async function checkInt8(model: ConvertedModel): Promise<string[]> {
  const answers: { readonly report: AnswerReport; readonly ids: number }[] = [];
  for (const one of references.cases) {
    const { stages } = await compareImage(model, references, one);
    if (stages) answers.push({ report: stages.fromReferenceTiles, ids: one.greedyIds.length });
  }
  for (const one of references.conversations) {
    const report = await compareConversation(model, references, one);
    answers.push({ report, ids: one.greedyIds.length });
  }
  const count = (isEqual: (greedyEqual: number, ids: number) => boolean) =>
    answers.filter(({ report, ids }) => isEqual(report.greedyEqual, ids)).length;
  const firstEqual = count((equal) => equal > 0);
  const equal = count((greedyEqual, ids) => greedyEqual === ids);
  const ids = answers.reduce((sum, { report }) => sum + report.greedyEqual, 0);
  console.log('\nint8 against transformers in fp32, from the same tiles:');
  const kept = [
    isNear('logits', MIN_INT8_COSINE, ({ logits }) => logits.cosine),
    isNear('with the head as it is', MIN_INT8_HEAD_COSINE, ({ headLogits }) => headLogits.cosine),
  ];
  console.log(
    `  first id equal: ${firstEqual} of ${answers.length}; all greedy ids equal: ${equal} of ${answers.length};`,
  );
  console.log(`  ${ids} ids before the first different one`);
  return kept.flat();

  function isNear(name: string, bound: number, cosineOf: (report: AnswerReport) => number) {
    const cosines = answers.map(({ report }) => cosineOf(report));
    const lowest = Math.min(...cosines);
    const figures = `lowest ${lowest.toFixed(5)}, median ${median(cosines).toFixed(5)}`;
    console.log(`  ${name}: cosine ${figures}`);
    return lowest >= bound ? [] : [`int8 ${name}: ${lowest.toFixed(5)}`];
  }
}

function checkCheckpoints(): Promise<string[]> {
  console.log(
    '\nTiny checkpoints in fp32: the conversations of a row together, distances the largest.\n',
  );
  return checkMatrix();
}

function isPrefillCase({ picture, detail }: ParityCase): boolean {
  return detail === 'high' && PREFILL_PICTURES.includes(picture);
}
