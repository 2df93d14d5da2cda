import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../../docs/media.md');

/** A table of Markdown, with aligned columns. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Replaces a table of docs/media.md, between its two comments. */
export function updateTable(name: string, table: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const [start, end] = [`<!-- trial:media ${name} -->`, `<!-- end of ${name} -->`];
  const [before, rest] = page.split(start);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`docs/media.md has no place for the table ${name}.`);
  writeFileSync(PAGE, `${before}${start}\n\n${table}\n\n${end}${after}`);
}
