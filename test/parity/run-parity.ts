/**
 * `npm run parity`: converts the checkpoint and compares every stage with transformers, picture by
 * picture and conversation by conversation.
 * Prints all figures and exits with status 1 when a bound is broken.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import {
  brokenBounds,
  brokenConversationBounds,
  isCountTableEqual,
  isPrefillEqual,
  MIN_INT8_COSINE,
} from './bounds.js';
import { compareConversation } from './compare-conversation.js';
import {
  CONVERSATION_COLUMNS,
  CONVERSATION_WIDTHS,
  conversationCells,
} from './conversation-row.js';
import { compareCounts } from './compare-counts.js';
import { comparePicture } from './compare-picture.js';
import { comparePrefill } from './compare-prefill.js';
import { median } from '../median.js';
import { hashWeights } from './hash-weights.js';
import { type ModelParts, openConverted } from '../converted-model.js';
import { exponent, pictureCells, PICTURE_COLUMNS, printRow } from './picture-row.js';
import { loadReferences, type ParityCase } from './references.js';

const ROOT = join(import.meta.dirname, '../..');
/** A prompt within one prefill run, and the longest, which takes two. */
const PREFILL_PICTURES = ['noise-150x110.png', 'most-tokens.png'];

const { values: options } = parseArgs({
  options: {
    checkpoint: { type: 'string', default: join(ROOT, 'models/demo') },
    references: { type: 'string', default: join(ROOT, 'test/golden/parity') },
  },
});

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
];
console.log(broken.length === 0 ? '\nEvery bound is kept.' : '\nBROKEN:');
for (const name of broken) console.log(`  ${name}`);
process.exitCode = broken.length === 0 ? 0 : 1;

async function withModel(
  precision: 'fp32' | 'int8',
  check: (model: ModelParts) => Promise<string[]>,
): Promise<string[]> {
  const model = await openConverted(options.checkpoint, precision);
  try {
    return await check(model);
  } finally {
    await model.close();
  }
}

async function checkPictures(model: ModelParts): Promise<string[]> {
  console.log('fp32. Pixels in 1/255 of full scale, mean and largest; distances are the largest');
  console.log('absolute one and the cosine. "same tiles": from the tiles that transformers cut;');
  console.log('"own tiles": from the file on ("=" where the tiles are equal bit for bit).\n');
  printRow('picture', PICTURE_COLUMNS);
  const failures: string[] = [];
  for (const one of references.cases) {
    const report = await comparePicture(model, references, one);
    printRow(`${one.picture} ${one.detail}`, pictureCells(report));
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

async function checkConversations(model: ModelParts): Promise<string[]> {
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

async function checkInt8(model: ModelParts): Promise<string[]> {
  const cosines: number[] = [];
  let [equal, firstEqual, all] = [0, 0, 0];
  for (const one of references.cases) {
    const { stages } = await comparePicture(model, references, one);
    if (stages === null) continue;
    const { logits, greedyEqual } = stages.fromReferenceTiles;
    cosines.push(logits.cosine);
    firstEqual += Number(greedyEqual > 0);
    equal += Number(greedyEqual === one.greedyIds.length);
    all += 1;
  }
  for (const one of references.conversations) {
    const { logits, greedyEqual } = await compareConversation(model, references, one);
    cosines.push(logits.cosine);
    firstEqual += Number(greedyEqual > 0);
    equal += Number(greedyEqual === one.greedyIds.length);
    all += 1;
  }
  const lowest = Math.min(...cosines);
  console.log('\nint8 against transformers in fp32, from the same tiles:');
  console.log(`  logits cosine: lowest ${lowest.toFixed(5)}, median ${median(cosines).toFixed(5)}`);
  console.log(
    `  first id equal: ${firstEqual} of ${all}; all greedy ids equal: ${equal} of ${all}`,
  );
  return lowest >= MIN_INT8_COSINE ? [] : [`int8 logits cosine ${lowest.toFixed(5)}`];
}

function isPrefillCase({ picture, detail }: ParityCase): boolean {
  return detail === 'high' && PREFILL_PICTURES.includes(picture);
}
