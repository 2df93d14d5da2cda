import { truncateSync, writeFileSync } from 'node:fs';

import { createTemporaryFolder, type TemporaryFolder } from '../../test/setup/temporary-folder.js';
import type { GraphSession } from '../runtime/graph-session.js';
import { createOutputHead, type HeadRows, openHeadRows } from './output-head.js';
import { createRandom } from './sampling/random.js';

const TOKENS = 500;
const WIDTH = 24;
const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

const random = createRandom(9);
const weights = Array.from({ length: TOKENS }, () =>
  Float32Array.from({ length: WIDTH }, () => random() - 0.5),
);
let folder: TemporaryFolder;
let rows: HeadRows;

beforeAll(() => {
  folder = createTemporaryFolder();
  writeRows(folder.path('rows.bin'));
  rows = openHeadRows(folder.path('rows.bin'), TOKENS, WIDTH);
});

afterAll(() => {
  rows.close();
  folder.remove();
});

/** Each row as signed bytes with its scale behind it. */
function writeRows(path: string): void {
  const table = Buffer.alloc(TOKENS * (WIDTH + 4));
  weights.forEach((row, id) => {
    const scale = Math.max(...row.map(Math.abs)) / 127;
    row.forEach((value, column) => {
      table.writeInt8(Math.round(value / scale), id * (WIDTH + 4) + column);
    });
    table.writeFloatLE(scale, id * (WIDTH + 4) + WIDTH);
  });
  writeFileSync(path, table);
}

function exactScore(id: number, hidden: Float32Array): number {
  return weights[id]!.reduce((sum, value, column) => sum + value * hidden[column]!, 0);
}

/** A head whose scores are off by as much as `error`, each in its own way. */
function coarseGraph(error: number, change?: (score: number, id: number) => number): GraphSession {
  return {
    inputNames: ['hidden'],
    outputNames: ['logits'],
    close: () => Promise.resolve(),
    run([{ hidden } = {}]) {
      const [count = 0, width = 0] = hidden!.shape;
      const values = hidden!.data as Float32Array;
      const data = Float32Array.from({ length: count * TOKENS }, (_, i) => {
        const [row, id] = [Math.floor(i / TOKENS), i % TOKENS];
        const score = exactScore(id, values.subarray(row * width, (row + 1) * width));
        const coarse = score + error * Math.sin(id * 31);
        return change ? change(coarse, id) : coarse;
      });
      return Promise.resolve({ logits: { type: 'float32', shape: [count, TOKENS], data } });
    },
  };
}

function hiddenStates(count: number): Float32Array {
  return Float32Array.from({ length: count * WIDTH }, () => 4 * random() - 2);
}

function ranked(scores: ArrayLike<number>): number[] {
  return Array.from(scores, (_, id) => id).sort((a, b) => scores[b]! - scores[a]!);
}

describe('createOutputHead', () => {
  it('chooses what the exact head would, from the scores of a coarse one', async () => {
    const head = createOutputHead(coarseGraph(0.3), rows);
    const coarse = createOutputHead(coarseGraph(0.3), null);
    let coarseMisses = 0;
    for (let round = 0; round < 30; round++) {
      const hidden = hiddenStates(3);
      const scores = await head.logits(hidden, 3);
      const rough = await coarse.logits(hidden, 3);

      scores.forEach((row, index) => {
        const state = hidden.subarray(index * WIDTH, (index + 1) * WIDTH);
        const exact = weights.map((_, id) => exactScore(id, state));
        const [best, second] = ranked(exact) as [number, number];
        // Bytes cannot tell scores apart that are as near as this.
        if (exact[best]! - exact[second]! > 0.05) expect(ranked(row)[0]).toBe(best);
        coarseMisses += Number(ranked(rough[index]!)[0] !== best);
        for (const id of ranked(row).slice(0, 20)) {
          expect(Math.abs(row[id]! - exact[id]!)).toBeLessThan(0.05);
        }
      });
    }
    expect(coarseMisses).toBeGreaterThan(5);
  });

  it('leaves the others as they are', async () => {
    const hidden = hiddenStates(1);
    const [rescored] = await createOutputHead(coarseGraph(0.3), rows).logits(hidden, 1);
    const [coarse] = await createOutputHead(coarseGraph(0.3), null).logits(hidden, 1);

    const changed = ranked(coarse!).filter((id) => rescored![id] !== coarse![id]);

    expect(changed).toHaveLength(64);
    expect(changed).toEqual(ranked(coarse!).slice(0, 64));
  });

  it('scores nothing again that is not a number', async () => {
    const graph = coarseGraph(0, (score, id) => (id % 2 === 0 ? NaN : score));
    const [scores] = await createOutputHead(graph, rows).logits(hiddenStates(1), 1);

    expect(scores!.filter((score) => Number.isNaN(score))).toHaveLength(TOKENS / 2);
  });

  it('refuses a graph that gives no scores', async () => {
    const graph = { ...coarseGraph(0), run: () => Promise.resolve({}) };

    await expect(createOutputHead(graph, null).logits(hiddenStates(1), 1)).rejects.toThrow(INVALID);
  });
});

describe('openHeadRows', () => {
  it('gives the product of a row and a state', () => {
    const hidden = hiddenStates(1);
    for (const id of [0, 1, TOKENS - 1]) {
      expect(Math.abs(rows.dot(id, hidden) - exactScore(id, hidden))).toBeLessThan(0.05);
    }
    expect(() => rows.dot(TOKENS, hidden)).toThrow(INVALID);
  });

  it('refuses a file that is not there or of another size', () => {
    const path = folder.path('other.bin');
    expect(() => openHeadRows(path, TOKENS, WIDTH)).toThrow(INVALID);

    writeRows(path);
    expect(() => openHeadRows(path, TOKENS + 1, WIDTH)).toThrow(INVALID);
    expect(() => openHeadRows(path, TOKENS, WIDTH - 1)).toThrow(INVALID);
  });

  it('notices a file that is cut off later', () => {
    const path = folder.path('cut.bin');
    writeRows(path);
    const cut = openHeadRows(path, TOKENS, WIDTH);
    truncateSync(path, 100);

    expect(() => cut.dot(TOKENS - 1, hiddenStates(1))).toThrow(INVALID);
    cut.close();
  });
});
