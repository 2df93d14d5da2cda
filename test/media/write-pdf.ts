/** A page of a PDF file: its box in points, its rotation, and content operators. */
export interface PdfPageOutline {
  readonly width: number;
  readonly height: number;
  readonly rotate?: number;
  readonly content: string;
}

/** Fills a rectangle with a color; the origin is the lower left corner of the page. */
export function fillRectangle(
  color: readonly [number, number, number],
  rectangle: readonly [number, number, number, number],
): string {
  return `${color.join(' ')} rg ${rectangle.join(' ')} re f\n`;
}

/**
 * A PDF 1.4 file without compression.
 *
 * @param trailer further entries of the trailer, such as `/Encrypt`.
 */
export function writePdf(pages: readonly PdfPageOutline[], trailer = ''): Buffer {
  const pageObject = (index: number) => 3 + index * 2;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, index) => `${pageObject(index)} 0 R`).join(' ')}] >>`,
    ...pages.flatMap(({ width, height, rotate = 0, content }, index) => [
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${width} ${height}] /Rotate ${rotate} /Contents ${pageObject(index) + 1} 0 R >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    ]),
  ];
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const tableAt = file.length;
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`);
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries.join('')}`;
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${trailer} >>\nstartxref\n${tableAt}\n%%EOF\n`;
  return Buffer.from(file, 'latin1');
}
