import { DIFFICULT_TEXTS } from '../../test/exports/difficult-texts.js';
import { protectCell, restoreCell } from './spreadsheet-cells.js';

it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', "'=1"])('protects %j', (text) => {
  expect(protectCell(text)).toBe(`'${text}`);
});

it.each(['text', "'quoted'", '1-2', ' =1', ''])('leaves %j', (text) => {
  expect(protectCell(text)).toBe(text);
  expect(restoreCell(text)).toBe(text);
});

it('is reversed for every text, also after several rounds', () => {
  const texts = DIFFICULT_TEXTS.flatMap(({ text }) => [text, `=${text}`, `'${text}`, `''=${text}`]);
  for (const text of texts) {
    const cell = protectCell(text);
    expect(cell).not.toMatch(/^[=+\-@\t\r\n]/);
    expect(restoreCell(cell)).toBe(text);
    expect(restoreCell(restoreCell(protectCell(cell)))).toBe(text);
  }
});
