import { en } from '../../src/web/page/locales/en.js';
import { useApp } from './support/use-app.js';
import { LAN_NAME } from './support/launch-chromium.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import { addSamples, button, writeCaptions, caption } from './support/page-actions.js';

describeWithChromium('the page without a secure context', () => {
  const browser = useBrowser();
  const app = useApp();

  it('writes captions and copies them', async () => {
    const page = await browser.open(app.url.replace('127.0.0.1', LAN_NAME));
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await caption(page, 'en', 'a fox in the snow').waitFor();
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
