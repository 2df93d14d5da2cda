import { en } from '../../src/web/page/locales/en.js';
import { messagesOf } from '../fakes/fake-engine.js';
import { poll } from '../setup/poll.js';
import { useApp } from './support/use-app.js';
import { useBrowser, describeWithChromium } from './support/use-browser.js';
import { addSamples, answer, ask, button, copyWith } from './support/page-actions.js';

describeWithChromium('questions on the page', () => {
  const browser = useBrowser();
  const app = useApp();

  /** The text of each turn of a request's only conversation. */
  const turns = (index: number) =>
    messagesOf(app.engine.requests[index]?.conversations[0]).map(({ role, content }) => {
      const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('');
      return `${role}: ${text}`;
    });

  it('are answered as a stream, and can be followed up', async () => {
    app.engine.texts = ['an owl'];
    const resume = app.engine.pause();
    const page = await browser.open(app.url);
    await addSamples(page, 'owl-and-guitar.jpg');
    await ask(page, 'What is on the left?');
    await answer(page, /^an\s*$/).waitFor();
    resume();
    await answer(page, 'an owl').waitFor();
    app.engine.texts = ['a guitar'];
    await ask(page, 'And on the right?');
    await answer(page, 'a guitar').waitFor();

    expect(app.engine.requests[1]?.media).toMatchObject([{ kind: 'image' }]);
    expect(turns(1)).toEqual([
      expect.stringContaining('user: What is on the left?'),
      'assistant: an owl',
      expect.stringContaining('user: And on the right?'),
    ]);
  });

  it('are sent by Enter, and get a line break by Shift+Enter', async () => {
    const page = await browser.open(app.url);
    await page.getByRole('tab', { name: en.tabs.ask }).click();
    await page.getByLabel(en.ask.question, { exact: true }).focus();
    await page.keyboard.type('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    await page.keyboard.press('Enter');
    await answer(page, 'a fox in the snow').waitFor();

    expect(turns(0)).toEqual([expect.stringContaining('user: one\ntwo')]);
    expect(app.engine.requests[0]?.media).toEqual([]);
  });

  it('stop running when the answer is stopped', async () => {
    app.engine.pause();
    const page = await browser.open(app.url);
    await ask(page, 'Tell me a story.');
    await answer(page, /^a\s*$/).waitFor();
    await button(page, en.ask.stop).click();

    await poll(() => app.engine.signals[0]?.aborted || undefined);
    await button(page, en.ask.send).waitFor();
  });

  it('can be edited, which removes the later turns', async () => {
    const page = await browser.open(app.url);
    await ask(page, 'What is this?');
    await answer(page, 'a fox in the snow').waitFor();
    app.engine.texts = ['an otter'];
    await button(page, en.ask.edit).click();
    await page.getByText(en.ask.editing).waitFor();
    const question = page.getByLabel(en.ask.question, { exact: true });
    expect(await question.inputValue()).toBe('What is this?');
    await question.fill('What is that?');
    await question.press('Enter');
    await answer(page, 'an otter').waitFor();

    expect(await answer(page, 'a fox in the snow').count()).toBe(0);
    expect(turns(1)).toEqual([expect.stringContaining('user: What is that?')]);
  });

  it('can be regenerated with a new seed, which is shown', async () => {
    const page = await browser.open(app.url);
    await ask(page, 'What is this?');
    await answer(page, 'a fox in the snow').waitFor();
    app.engine.texts = ['an otter'];
    await button(page, en.ask.regenerate).click();
    await answer(page, 'an otter').waitFor();

    const { seed, temperature } = app.engine.requests[1]!.settings;
    expect(temperature).toBe(0.8);
    await page.getByLabel(en.ask.log).getByText(en.ask.seedIs(seed)).waitFor();
    expect(turns(1)).toEqual([expect.stringContaining('user: What is this?')]);
  });

  it('show token probabilities on hover and on focus', async () => {
    const page = await browser.open(app.url);
    await page.getByRole('tab', { name: en.tabs.ask }).click();
    await page.getByText(en.ask.settings, { exact: true }).click();
    await page.getByLabel(en.ask.tokens).check();
    await ask(page, 'What is this?');
    const token = page.getByLabel(en.ask.log).getByRole('button', { name: 'snow' });
    await token.hover();
    const candidates = page.getByText('otter').filter({ visible: true });
    await candidates.waitFor();
    await page.mouse.move(0, 0);
    await candidates.waitFor({ state: 'detached' });
    await token.focus();
    await candidates.waitFor();

    // The listener is added one frame after the popover appears, so the first key press may be too early.
    await poll(async () => {
      await page.keyboard.press('Escape');
      return (await candidates.count()) === 0 || undefined;
    });
  });

  it('are removed by a new conversation', async () => {
    const page = await browser.open(app.url);
    await ask(page, 'What is this?');
    await answer(page, 'a fox in the snow').waitFor();
    expect(await copyWith(page, en.ask.copy)).toBe('a fox in the snow');
    await button(page, en.ask.clear).click();
    await ask(page, 'And now?');
    await answer(page, 'a fox in the snow').waitFor();

    expect(turns(1)).toEqual([expect.stringContaining('user: And now?')]);
  });

  it('have answers with a mark of the demo model, and no other model', async () => {
    const page = await browser.open(app.url);
    await ask(page, 'What is this?');
    await answer(page, 'a fox in the snow').waitFor();
    expect(await page.getByText(en.demo.label).count()).toBe(0);

    const model = { ...(await app.engine.describe()), id: 'demo' };
    app.engine.nextStatus = { state: 'ready', model };
    await ask(page, 'And now?');
    await answer(page, 'a fox in the snow').nth(1).waitFor();

    expect(await page.getByRole('log').getByText(en.demo.label).count()).toBe(1);
  });
});
