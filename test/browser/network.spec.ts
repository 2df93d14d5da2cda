import { en } from '../../src/web/page/locales/en.js';
import { useApp } from './app-under-test.js';
import { LAN_NAME } from './chromium.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import { addSamples, button, writeCaptions, written } from './page-parts.js';

describeWithChromium('the page from another machine, without a secure context', () => {
  const harness = createPageHarness();
  const app = useApp();

  it('works, and copies all the same', async () => {
    const page = await harness.open(app.url.replace('127.0.0.1', LAN_NAME));
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await written(page, 'en', 'a fox in the snow').waitFor();
    await button(page, en.captions.copy('English')).click();
    await page.getByText(en.captions.copied).first().waitFor();
    await page.getByRole('tab', { name: en.tabs.ask }).click();
    await page.getByLabel(en.ask.question, { exact: true }).focus();
    await page.keyboard.press('ControlOrMeta+V');

    expect(await page.getByLabel(en.ask.question, { exact: true }).inputValue()).toBe(
      'a fox in the snow',
    );
  });
});
