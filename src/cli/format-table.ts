/** Columns that stand two spaces apart. */
const GAP = '  ';

/**
 * Lines of a table whose columns are as wide as their widest cell. Cells are plain text of one line; the last
 * column is not filled up.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  { rightAligned }: { readonly rightAligned: readonly number[] },
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return rightAligned.includes(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(GAP)
      .trimEnd(),
  );
}
