import { en } from '../../src/web/page/locales/en.js';
import { useApp } from './app-under-test.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import { addSamples, ask, writeCaptions, written } from './page-parts.js';
import { dropFiles } from './sample-files.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';

/** Nothing of it holds a blank, so that it is one word of the engine, and comes both as a delta and as a whole. */
const HOSTILE = [
  '<img/src=x/onerror=alert(1)>',
  '<script>alert(2)</script>',
  '[here](javascript:alert(3))',
  'javascript:alert(4)',
  '<svg/onload=alert(5)>',
  '{{constructor.constructor("alert(6)")()}}',
].join(' ');

describeWithChromium('what the model writes', () => {
  const harness = createPageHarness();
  const app = useApp();

  beforeEach(() => {
    app.engine.texts = [HOSTILE];
  });

  it('is shown as text among captions', async () => {
    const page = await harness.open(app.url);
    await addSamples(page, 'fox.png');
    await writeCaptions(page);
    await written(page, 'en', HOSTILE).waitFor();

    expect(await page.locator('img[src="x"], a[href^="javascript"], svg[onload]').count()).toBe(0);
  });

  it.each(['off', 'on'] as const)(
    'is shown as text among answers, probabilities %s',
    async (probabilities) => {
      const page = await harness.open(app.url);
      await page.getByRole('tab', { name: en.tabs.ask }).click();
      if (probabilities === 'on') {
        await page.getByText(en.ask.more, { exact: true }).click();
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

  it('is not the only thing shown as text: names of files are', async () => {
    const name = '<img src=x onerror=alert(8)>.png';
    const folder = createTemporaryFolder();
    const page = await harness.open(app.url);
    await dropFiles(page, [folder.write(name, 'no picture')]);
    await page.getByText(name).first().waitFor();
    folder.remove();
  });
});

describeWithChromium('the page', () => {
  const app = useApp();

  it('is served with a policy that lets nothing in from outside', async () => {
    const reply = await fetch(app.url);
    const policy = reply.headers.get('Content-Security-Policy') ?? '';

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).not.toMatch(/https?:|\*/);
  });
});
