import { en } from '../../src/web/page/locales/en.js';
import { useApp } from './support/use-app.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import { addSamples, ask, writeCaptions, caption } from './support/page-actions.js';
import { dropFiles } from './support/add-files.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';

/** Words without spaces: the fake engine streams each as one delta. */
const HOSTILE = [
  '<img/src=x/onerror=alert(1)>',
  '<script>alert(2)</script>',
  '[here](javascript:alert(3))',
  'javascript:alert(4)',
  '<svg/onload=alert(5)>',
  '{{constructor.constructor("alert(6)")()}}',
].join(' ');

describeWithChromium('text of the model', () => {
  const browser = useBrowser();
  const app = useApp();

  beforeEach(() => {
    app.engine.texts = [HOSTILE];
  });

  it('is shown as text among captions', async () => {
    const page = await browser.open(app.url);
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await caption(page, 'en', HOSTILE).waitFor();

    expect(await page.locator('img[src="x"], a[href^="javascript"], svg[onload]').count()).toBe(0);
  });

  it.each(['off', 'on'] as const)(
    'is shown as text among answers, probabilities %s',
    async (probabilities) => {
      const page = await browser.open(app.url);
      await page.getByRole('tab', { name: en.tabs.ask }).click();
      if (probabilities === 'on') {
        await page.getByText(en.ask.settings, { exact: true }).click();
        await page.getByLabel(en.ask.tokens).check();
      }
      await ask(page, '<img src=x onerror=alert(7)>');
      await page.getByLabel(en.ask.log).getByText('"alert(6)"').last().waitFor();
      const log = await page.getByLabel(en.ask.log).innerText();

      expect(log).toContain('<img src=x onerror=alert(7)>');
      expect(log.replace(/\s+/g, ' ')).toContain(HOSTILE);
      expect(await page.locator('img[src="x"], a[href^="javascript"], svg[onload]').count()).toBe(
        0,
      );
    },
  );

  it('is not the only untrusted text: file names are shown as text too', async () => {
    const name = '<img src=x onerror=alert(8)>.png';
    const folder = createTemporaryFolder();
    const page = await browser.open(app.url);
    await dropFiles(page, [folder.write(name, 'not an image')]);
    await page.getByText(name).first().waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    folder.remove();
  });
});

describeWithChromium('the page', () => {
  const app = useApp();

  it('is served with a Content-Security-Policy without external sources', async () => {
    const reply = await fetch(app.url);
    const policy = reply.headers.get('Content-Security-Policy') ?? '';

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).not.toMatch(/https?:|\*/);
  });
});
