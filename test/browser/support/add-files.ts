import { readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';

import type { Page } from 'playwright-core';

const SAMPLES = join(import.meta.dirname, '../../../samples');

const TYPES: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.mp4': 'video/mp4',
  '.png': 'image/png',
  '.webm': 'video/webm',
  '.webp': 'image/webp',
};

/** The path of a sample image or video. */
export function samplePath(name: string): string {
  return join(SAMPLES, name);
}

/** Chooses files in the dialog that a button opens. */
export async function pickFiles(page: Page, button: string, paths: readonly string[]) {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: button, exact: true }).click();
  await (await chooser).setFiles([...paths]);
}

/** Drops files on the page. */
export async function dropFiles(page: Page, paths: readonly string[]): Promise<void> {
  const files = paths.map((path) => ({
    name: basename(path),
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    base64: readFileSync(path, 'base64'),
  }));
  const dataTransfer = await page.evaluateHandle((dropped) => {
    const transfer = new DataTransfer();
    for (const { name, type, base64 } of dropped) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type }));
    }
    return transfer;
  }, files);
  for (const event of ['dragenter', 'dragover', 'drop']) {
    await page.dispatchEvent('main', event, { dataTransfer });
  }
}

/** Puts a PNG on the clipboard and presses the paste shortcut. */
export async function pastePng(page: Page, path: string): Promise<void> {
  await page.evaluate(
    async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const blob = new Blob([bytes], { type: 'image/png' });
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
    },
    readFileSync(path, 'base64'),
  );
  await page.keyboard.press('ControlOrMeta+V');
}
