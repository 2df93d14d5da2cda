import { ca } from '../../src/web/page/locales/ca.js';
import { en, type Messages } from '../../src/web/page/locales/en.js';
import { es } from '../../src/web/page/locales/es.js';
import { eu } from '../../src/web/page/locales/eu.js';
import { gl } from '../../src/web/page/locales/gl.js';
import { useApp } from './support/use-app.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import { button } from './support/page-actions.js';

const LOCALES: readonly (readonly [string, string, Messages])[] = [
  ['en-US', 'en', en],
  ['es-ES', 'es', es],
  ['ca-ES', 'ca', ca],
  ['eu-ES', 'eu', eu],
  ['gl-ES', 'gl', gl],
  // Unsupported.
  ['fi-FI', 'en', en],
];

describeWithChromium('the page language', () => {
  const browser = useBrowser();
  const app = useApp();

  it.each(LOCALES)('follows the browser language %s: %s', async (locale, code, messages) => {
    const page = await browser.open(app.url, { locale });

    await button(page, messages.media.choose).waitFor();
    await button(page, messages.captions.write).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe(code);
  });

  it('stays selected after a reload', async () => {
    const page = await browser.open(app.url);
    await page.getByLabel(en.header.interfaceLanguage).selectOption('ca');
    await button(page, ca.media.choose).waitFor();
    await page.reload();

    await button(page, ca.media.choose).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('ca');
    expect(await button(page, en.media.choose).count()).toBe(0);
  });
});
