import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { judgeCase, type Verdict } from './judge-case.js';
import type { MediaTrial } from './media-trial.js';
import { findPython, installPrograms } from './matrix/find-python.js';
import { makePlainMatrix } from './matrix/make-plain-matrix.js';
import type { Matrix } from './matrix/matrix-case.js';
import { makeMatrix } from './matrix/read-matrix.js';
import { formatTable, updateTable } from './update-table.js';

/** Every format in every feature that the programs at hand write: the right pixels, or the right refusal. */
export async function runMatrix(trial: MediaTrial): Promise<void> {
  const { report } = trial;
  const verdicts: Verdict[] = [];
  for (const { folder, matrix } of await makeMatrices(trial)) {
    for (const { format, feature, reason } of matrix.skipped) {
      report.note(`skipped: ${format}, ${feature}: ${reason}`);
    }
    for (const tried of matrix.cases) verdicts.push(await judgeCase(folder, tried));
  }
  const wrong = verdicts.filter(({ isRight }) => !isRight);
  for (const { tried, problem } of wrong) {
    report.note(`${tried.format}, ${tried.feature} (${tried.file}): ${problem}`);
  }
  report.check({
    what: 'matrix: pixels within the bound, or the expected refusal',
    bound: 'all files',
    measured: `${verdicts.length - wrong.length} of ${verdicts.length}`,
    holds: wrong.length === 0,
  });
  const silent = wrong.filter(({ outcome }) => outcome.type === 'pixels');
  report.check({
    what: 'matrix: silent differences',
    bound: '0',
    measured: String(silent.length),
    holds: silent.length === 0,
  });
  const table = formatTable(
    ['Format', 'Files', 'Decoded', 'Worst mean error in levels', 'Refused as expected'],
    summarize(verdicts),
  );
  for (const line of table.split('\n')) report.note(line);
  if (trial.updatesDocs) updateTable('matrix', table);
}

interface MadeMatrix {
  readonly folder: string;
  readonly matrix: Matrix;
}

async function makeMatrices({ folder, isShort, report }: MediaTrial): Promise<MadeMatrix[]> {
  const plain = join(folder, 'plain');
  await mkdir(plain);
  const made = [{ folder: plain, matrix: { cases: await makePlainMatrix(plain), skipped: [] } }];
  if (isShort) return made;
  installPrograms();
  const python = findPython();
  if (python === undefined) {
    report.note('skipped: the files of make_matrix.py, which needs Python with numpy and pillow');
    return made;
  }
  const full = join(folder, 'full');
  await mkdir(full);
  return [...made, { folder: full, matrix: makeMatrix(python, full) }];
}

/** A row for each format. */
function summarize(verdicts: readonly Verdict[]): string[][] {
  const formats = [...new Set(verdicts.map(({ tried }) => tried.format))];
  return formats.map((format) => {
    const ofFormat = verdicts.filter(({ tried }) => tried.format === format);
    const errors = ofFormat.flatMap(({ outcome }) =>
      outcome.type === 'pixels' ? [outcome.meanError] : [],
    );
    const codes = new Map<string, number>();
    for (const { outcome } of ofFormat) {
      if (outcome.type === 'refusal') {
        codes.set(outcome.code, (codes.get(outcome.code) ?? 0) + 1);
      }
    }
    return [
      format === 'refused' ? 'Other formats' : format,
      String(ofFormat.length),
      String(errors.length),
      errors.length === 0 ? '' : Math.max(...errors).toFixed(1),
      [...codes].map(([code, count]) => `${count} \`${code}\``).join(', '),
    ];
  });
}
