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

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** A size as people compare it: three digits at most, in powers of a thousand. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would be shown as 1000.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

/** A duration with three digits that count. */
export function formatDuration(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toPrecision(3)} s` : `${ms.toPrecision(3)} ms`;
}

/** So many a second, with three digits that count. */
export function formatRate(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(3);
}
