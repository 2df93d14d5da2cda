import { en } from '../../src/web/page/locales/en.js';
import { messagesOf } from '../fakes/fake-engine.js';
import { poll } from '../setup/poll.js';
import { useApp } from './app-under-test.js';
import { createPageHarness, describeWithChromium } from './page-harness.js';
import { addSamples, answered, ask, button, copied } from './page-parts.js';

describeWithChromium('questions on the page', () => {
  const harness = createPageHarness();
  const app = useApp();

  /** What each turn of a request's only conversation says, without what the service adds in the user's language. */
  const turns = (index: number) =>
    messagesOf(app.engine.requests[index]?.conversations[0]).map(({ role, content }) => {
      const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('');
      return `${role}: ${text}`;
    });

  it('are answered as the text comes, and followed up', async () => {
    app.engine.texts = ['an owl'];
    const goOn = app.engine.pause();
    const page = await harness.open(app.url);
    await addSamples(page, 'owl-and-guitar.jpg');
    await ask(page, 'What is on the left?');
    await answered(page, /^an\s*$/).waitFor();
    goOn();
    await answered(page, 'an owl').waitFor();
    app.engine.texts = ['a guitar'];
    await ask(page, 'And on the right?');
    await answered(page, 'a guitar').waitFor();

    expect(app.engine.requests[1]?.media).toMatchObject([{ kind: 'image' }]);
    expect(turns(1)).toEqual([
      expect.stringContaining('user: What is on the left?'),
      'assistant: an owl',
      expect.stringContaining('user: And on the right?'),
    ]);
  });

  it('are sent by Enter, and go to a new line with Shift', async () => {
    const page = await harness.open(app.url);
    await page.getByRole('tab', { name: en.tabs.ask }).click();
    await page.getByLabel(en.ask.question, { exact: true }).focus();
    await page.keyboard.type('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    await page.keyboard.press('Enter');
    await answered(page, 'a fox in the snow').waitFor();

    expect(turns(0)).toEqual([expect.stringContaining('user: one\ntwo')]);
    expect(app.engine.requests[0]?.media).toEqual([]);
  });

  it('stop being answered when the answer is stopped', async () => {
    app.engine.pause();
    const page = await harness.open(app.url);
    await ask(page, 'Tell me a story.');
    await answered(page, /^a\s*$/).waitFor();
    await button(page, en.ask.stop).click();

    await poll(() => app.engine.signals[0]?.aborted || undefined);
    await button(page, en.ask.send).waitFor();
  });

  it('can be changed and asked again, which drops what followed', async () => {
    const page = await harness.open(app.url);
    await ask(page, 'What is this?');
    await answered(page, 'a fox in the snow').waitFor();
    app.engine.texts = ['an otter'];
    await button(page, en.ask.edit).click();
    const question = page.getByLabel(en.ask.question, { exact: true });
    expect(await question.inputValue()).toBe('What is this?');
    await question.fill('What is that?');
    await question.press('Enter');
    await answered(page, 'an otter').waitFor();

    expect(await answered(page, 'a fox in the snow').count()).toBe(0);
    expect(turns(1)).toEqual([expect.stringContaining('user: What is that?')]);
  });

  it('are answered again with another seed, which is shown', async () => {
    const page = await harness.open(app.url);
    await ask(page, 'What is this?');
    await answered(page, 'a fox in the snow').waitFor();
    app.engine.texts = ['an otter'];
    await button(page, en.ask.regenerate).click();
    await answered(page, 'an otter').waitFor();

    const { seed, temperature } = app.engine.requests[1]!.settings;
    expect(temperature).toBe(0.8);
    await page.getByLabel(en.ask.log).getByText(en.ask.seedIs(seed)).waitFor();
    expect(turns(1)).toEqual([expect.stringContaining('user: What is this?')]);
  });

  it('show how probable each token was, to the pointer and to the keyboard', async () => {
    const page = await harness.open(app.url);
    await page.getByRole('tab', { name: en.tabs.ask }).click();
    await page.getByText(en.ask.more, { exact: true }).click();
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

    // A page listens from the frame after the one it is seen in: the first stroke may come too early.
    await poll(async () => {
      await page.keyboard.press('Escape');
      return (await candidates.count()) === 0 || undefined;
    });
  });

  it('are forgotten when a new conversation begins', async () => {
    const page = await harness.open(app.url);
    await ask(page, 'What is this?');
    await answered(page, 'a fox in the snow').waitFor();
    expect(await copied(page, en.ask.copy)).toBe('a fox in the snow');
    await button(page, en.ask.clear).click();
    await ask(page, 'And now?');
    await answered(page, 'a fox in the snow').waitFor();

    expect(turns(1)).toEqual([expect.stringContaining('user: And now?')]);
  });
});
