import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Matrix, MatrixCase, SkippedCase } from './matrix-case.js';

const PICTURE = join(import.meta.dirname, '../../../samples/meadow.jpg');

/** Makes the files of `make_matrix.py` in a folder. */
export function makeMatrix(python: string, folder: string): Matrix {
  const script = join(import.meta.dirname, 'make_matrix.py');
  const { status, stderr } = spawnSync(python, [script, PICTURE, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`make_matrix.py: ${stderr}`);
  const listed = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as ListedMatrix;
  return { ...listed, cases: listed.cases.map((listedCase) => toCase(folder, listedCase)) };
}

interface ListedMatrix {
  readonly cases: readonly ListedCase[];
  readonly skipped: readonly SkippedCase[];
}

type ListedCase = Pick<MatrixCase, 'file' | 'format' | 'feature' | 'kind'> &
  (
    | { readonly codes: readonly string[] }
    | {
        readonly reference: {
          readonly file: string;
          readonly width: number;
          readonly height: number;
        };
        readonly bound: number;
      }
  );

function toCase(folder: string, listed: ListedCase): MatrixCase {
  const { file, format, feature, kind } = listed;
  if ('codes' in listed) {
    return { file, format, feature, kind, expected: { type: 'refusal', codes: listed.codes } };
  }
  const { width, height, file: pixels } = listed.reference;
  const reference = { width, height, read: () => readFileSync(join(folder, pixels)) };
  return {
    ...{ file, format, feature, kind },
    expected: { type: 'pixels', reference, bound: listed.bound },
  };
}
