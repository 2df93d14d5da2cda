import { join } from 'node:path';

import {
  brokenBounds,
  brokenConversationBounds,
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
import { hashWeights } from './hash-weights.js';
import { type ConvertedModel, openConverted } from '../tiny-model/converted-model.js';
import { exponent, imageCells, IMAGE_COLUMNS, printRow } from './image-row.js';
import {
  type ConversationCase,
  loadReferences,
  type ParityCase,
  type References,
} from './references.js';

const ROOT = join(import.meta.dirname, '../..');
const CHECKPOINT = join(ROOT, 'models/demo');
/** One image for each rule. `npm run parity` compares all images. */
const PICTURES = [
  'pixel-1x1.png high',
  'row-2000x1.png low',
  'tile-99x98.png high',
  'most-tokens.png high',
  'cap-over.png high',
  'scene-400x130.png auto',
  'alpha.png high',
  'exif-rotated.jpg high',
  'jpeg-420.jpg high',
];

const CONVERSATIONS = [
  ...['two-pictures', 'three-pictures', 'pictures-in-two-turns'],
  ...['clip-2-frames', 'clip-5-frames', 'clip-16-frames', 'picture-and-clip'],
  ...['three-turns', 'text-alone', 'text-with-system'],
];

/**
 * Compares the production code with transformers on the demo model. Prints the differences, since they tell more than
 * whether a bound holds.
 */
describe('parity with transformers', () => {
  let references: References;

  beforeAll(async () => {
    references = await loadReferences(join(ROOT, 'test/golden/parity'));
  });

  it('uses references computed from these weights', async () => {
    expect(await hashWeights(CHECKPOINT)).toBe(references.weightsSha256);
  });

  it('chooses tiles and counts visual tokens for 15,000 sizes as the HF processor does', () => {
    const reports = references.counts.map((table) => compareCounts(references, table));

    expect(reports).toMatchObject([
      { geometry: 'checkpoint', detail: 'high', sizes: 5000, different: 0 },
      { geometry: 'checkpoint', detail: 'auto', sizes: 5000, different: 0 },
      { geometry: 'siglip-384', detail: 'high', sizes: 5000, different: 0, mostTokens: 8765 },
    ]);
  });

  describe('in fp32', () => {
    let model: ConvertedModel;

    beforeAll(async () => {
      model = await openConverted(CHECKPOINT, 'fp32');
      printRow('picture', IMAGE_COLUMNS);
    }, 180_000);

    afterAll(() => model.close());

    it.each(PICTURES)('computes the values of transformers for the image %s', async (name) => {
      const report = await compareImage(model, references, findCase(name));
      printRow(name, imageCells(report));

      expect(brokenBounds(report)).toEqual([]);
    });

    it.each(CONVERSATIONS)(
      'computes the values of transformers for the conversation %s',
      async (name) => {
        const report = await compareConversation(model, references, findConversation(name));
        printRow(name, CONVERSATION_COLUMNS, CONVERSATION_WIDTHS);
        printRow('', conversationCells(report), CONVERSATION_WIDTHS);

        expect(brokenConversationBounds(report)).toEqual([]);
      },
    );

    it('has references of every kind of conversation', () => {
      expect(references.conversations.map(({ name }) => name)).toEqual(CONVERSATIONS);
    });

    it('computes the same logits in chunks, in decode steps, after a cached prefix and in a batch', async () => {
      const reports = await comparePrefill(model, references, findCase('noise-150x110.png high'));
      for (const { way, maxAbs } of reports) print(`${way}: ${exponent(maxAbs)}`);

      expect(reports.filter((report) => !isPrefillEqual(report))).toEqual([]);
    });
  });

  it('stays within the int8 bounds', async () => {
    const model = await openConverted(CHECKPOINT, 'int8');
    try {
      for (const name of ['scene-180x120.png high', 'photo-640x480.png auto']) {
        const { stages } = await compareImage(model, references, findCase(name));
        expectNear(name, stages!.fromReferenceTiles);
      }
      for (const name of ['two-pictures', 'clip-5-frames']) {
        expectNear(name, await compareConversation(model, references, findConversation(name)));
      }
    } finally {
      await model.close();
    }
  }, 180_000);

  function expectNear(name: string, { logits, headLogits }: AnswerReport): void {
    const [fine, own] = [logits.cosine, headLogits.cosine];
    print(`int8 ${name}: logits cosine ${fine.toFixed(5)}, with the head ${own.toFixed(5)}`);

    expect(fine).toBeGreaterThanOrEqual(MIN_INT8_COSINE);
    expect(own).toBeGreaterThanOrEqual(MIN_INT8_HEAD_COSINE);
  }

  function findConversation(name: string): ConversationCase {
    return references.conversations.find((one) => one.name === name)!;
  }

  function findCase(name: string): ParityCase {
    return references.cases.find(({ picture, detail }) => `${picture} ${detail}` === name)!;
  }
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
