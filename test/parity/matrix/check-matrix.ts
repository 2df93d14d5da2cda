import { createTemporaryFolder } from '../../setup/temporary-folder.js';
import { compareVariant, problemsOf } from './compare-variant.js';
import { loadMatrix } from './matrix-references.js';
import { formatMatrixHeader, formatMatrixRow } from './matrix-row.js';
import { formatMatrixSummary, type MatrixResult } from './matrix-summary.js';

/**
 * Converts and compares every checkpoint of the matrix. Prints one table, and a summary by axis.
 *
 * @returns what is wrong, by row.
 */
export async function checkMatrix(): Promise<string[]> {
  const references = await loadMatrix();
  const folder = createTemporaryFolder();
  const results: MatrixResult[] = [];
  let group = '';
  try {
    console.log(`Reference: transformers ${references.transformers}.\n`);
    console.log(formatMatrixHeader());
    for (const variant of references.variants) {
      if (variant.group !== group) console.log(`\n${variant.group}`);
      group = variant.group;
      const report = await compareVariant(references, variant, folder.path('.'));
      console.log(formatMatrixRow(variant, report));
      results.push({ variant, report });
    }
  } finally {
    folder.remove();
  }
  console.log(`\n${formatMatrixSummary(results)}`);
  return results.flatMap(({ variant, report }) =>
    problemsOf(variant, report).map((problem) => `${variant.name}: ${problem}`),
  );
}
