/** Between two columns. */
const GAP = '  ';

/**
 * Formats a table as lines. Each column is as wide as its widest cell. The last column has no trailing spaces.
 *
 * @param rows cells of plain text without line breaks.
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

/** Formats a size with at most three digits, in powers of 1000. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would round to 1000.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

/** Formats a duration in ms or s, with three significant digits. */
export function formatDuration(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toPrecision(3)} s` : `${ms.toPrecision(3)} ms`;
}

/** Formats a rate per second with three significant digits. */
export function formatRate(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(3);
}
