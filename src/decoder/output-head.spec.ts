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

/** Writes int8 rows, each followed by its float32 scale. */
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

function exactLogit(id: number, hidden: Float32Array): number {
  return weights[id]!.reduce((sum, value, column) => sum + value * hidden[column]!, 0);
}

/** A head graph whose logits differ from the exact ones by up to `error`. */
function coarseGraph(error: number, change?: (logit: number, id: number) => number): GraphSession {
  return {
    inputNames: ['hidden'],
    outputNames: ['logits'],
    close: () => Promise.resolve(),
    run([{ hidden } = {}]) {
      const [count = 0, width = 0] = hidden!.shape;
      const values = hidden!.data as Float32Array;
      const data = Float32Array.from({ length: count * TOKENS }, (_, i) => {
        const [row, id] = [Math.floor(i / TOKENS), i % TOKENS];
        const exact = exactLogit(id, values.subarray(row * width, (row + 1) * width));
        const coarse = exact + error * Math.sin(id * 31);
        return change ? change(coarse, id) : coarse;
      });
      return Promise.resolve({ logits: { type: 'float32', shape: [count, TOKENS], data } });
    },
  };
}

function hiddenStates(count: number): Float32Array {
  return Float32Array.from({ length: count * WIDTH }, () => 4 * random() - 2);
}

function ranked(logits: ArrayLike<number>): number[] {
  return Array.from(logits, (_, id) => id).sort((a, b) => logits[b]! - logits[a]!);
}

describe('createOutputHead', () => {
  it('ranks the top tokens like an exact head, given the logits of a coarse graph', async () => {
    const head = createOutputHead(coarseGraph(0.3), rows, null);
    const coarseHead = createOutputHead(coarseGraph(0.3), null, null);
    let coarseMisses = 0;
    for (let round = 0; round < 30; round++) {
      const hidden = hiddenStates(3);
      const refined = await head.logits(hidden, 3);
      const coarseLogits = await coarseHead.logits(hidden, 3);

      refined.forEach((row, index) => {
        const state = hidden.subarray(index * WIDTH, (index + 1) * WIDTH);
        const exact = weights.map((_, id) => exactLogit(id, state));
        const [best, second] = ranked(exact) as [number, number];
        // Logits closer than this are equal within the int8 error.
        if (exact[best]! - exact[second]! > 0.05) expect(ranked(row)[0]).toBe(best);
        coarseMisses += Number(ranked(coarseLogits[index]!)[0] !== best);
        for (const id of ranked(row).slice(0, 20)) {
          expect(Math.abs(row[id]! - exact[id]!)).toBeLessThan(0.05);
        }
      });
    }
    expect(coarseMisses).toBeGreaterThan(5);
  });

  it('recomputes the 64 top logits only', async () => {
    const hidden = hiddenStates(1);
    const [refined] = await createOutputHead(coarseGraph(0.3), rows, null).logits(hidden, 1);
    const [coarse] = await createOutputHead(coarseGraph(0.3), null, null).logits(hidden, 1);

    const changed = ranked(coarse!).filter((id) => refined![id] !== coarse![id]);

    expect(changed).toHaveLength(64);
    expect(changed).toEqual(ranked(coarse!).slice(0, 64));
  });

  it('limits recomputed logits like those of the graph', async () => {
    const capped = (logit: number) => 2 * Math.tanh(logit / 2);
    const hidden = hiddenStates(1).map((value) => 4 * value);
    const graph = coarseGraph(0, capped);
    const [logits] = await createOutputHead(graph, rows, 2).logits(hidden, 1);

    const exact = weights.map((_, id) => capped(exactLogit(id, hidden)));
    const errors = exact.map((value, id) => Math.abs(value - logits![id]!));
    expect(Math.max(...errors)).toBeLessThan(0.1);
    expect(errors.filter((error) => error > 1e-6).length).toBeGreaterThan(32);
  });

  it('does not recompute NaN logits', async () => {
    const graph = coarseGraph(0, (logit, id) => (id % 2 === 0 ? NaN : logit));
    const [logits] = await createOutputHead(graph, rows, null).logits(hiddenStates(1), 1);

    expect(logits!.filter((logit) => Number.isNaN(logit))).toHaveLength(TOKENS / 2);
  });

  it('refuses a graph without the output `logits`', async () => {
    const graph = { ...coarseGraph(0), run: () => Promise.resolve({}) };

    const head = createOutputHead(graph, null, null);
    await expect(head.logits(hiddenStates(1), 1)).rejects.toThrow(INVALID);
  });
});

describe('openHeadRows', () => {
  it('computes the dot product of a row and a hidden state', () => {
    const hidden = hiddenStates(1);
    for (const id of [0, 1, TOKENS - 1]) {
      expect(Math.abs(rows.dot(id, hidden) - exactLogit(id, hidden))).toBeLessThan(0.05);
    }
    expect(() => rows.dot(TOKENS, hidden)).toThrow(INVALID);
  });

  it('refuses a file that is missing or of another size', () => {
    const path = folder.path('other.bin');
    expect(() => openHeadRows(path, TOKENS, WIDTH)).toThrow(INVALID);

    writeRows(path);
    expect(() => openHeadRows(path, TOKENS + 1, WIDTH)).toThrow(INVALID);
    expect(() => openHeadRows(path, TOKENS, WIDTH - 1)).toThrow(INVALID);
  });

  it('detects a file that is truncated after opening', () => {
    const path = folder.path('truncated.bin');
    writeRows(path);
    const truncated = openHeadRows(path, TOKENS, WIDTH);
    truncateSync(path, 100);

    expect(() => truncated.dot(TOKENS - 1, hiddenStates(1))).toThrow(INVALID);
    truncated.close();
  });
});
