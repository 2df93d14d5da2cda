import { ca } from '../../src/web/page/locales/ca.js';
import { en, type Messages } from '../../src/web/page/locales/en.js';
import { es } from '../../src/web/page/locales/es.js';
import { eu } from '../../src/web/page/locales/eu.js';
import { gl } from '../../src/web/page/locales/gl.js';
import { useApp } from './app-under-test.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import { button } from './page-parts.js';

const LOCALES: readonly (readonly [string, string, Messages])[] = [
  ['en-US', 'en', en],
  ['es-ES', 'es', es],
  ['ca-ES', 'ca', ca],
  ['eu-ES', 'eu', eu],
  ['gl-ES', 'gl', gl],
  // None of ours.
  ['fi-FI', 'en', en],
];

describeWithChromium('the language of the page', () => {
  const harness = createPageHarness();
  const app = useApp();

  it.each(LOCALES)('follows a browser that prefers %s, to %s', async (locale, code, messages) => {
    const page = await harness.open(app.url, { locale });

    await button(page, messages.tray.choose).waitFor();
    await button(page, messages.captions.write).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe(code);
  });

  it('is what was chosen, also next time', async () => {
    const page = await harness.open(app.url);
    await page.getByLabel(en.header.interfaceLanguage).selectOption('ca');
    await button(page, ca.tray.choose).waitFor();
    await page.reload();

    await button(page, ca.tray.choose).waitFor();
  });
});
