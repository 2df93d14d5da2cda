import { toAskForm, toHistory } from './ask-request.js';
import {
  ask,
  EMPTY_CONVERSATION,
  type Exchange,
  type Progress,
  type Question,
} from './conversation.js';

const QUESTION: Question = {
  text: 'On és?',
  language: 'ca',
  sampling: { temperature: null, seed: null },
};
const FINISHED: Progress = { state: 'finished', reason: 'stop' };

function exchange(questionText: string, text: string, progress: Progress = FINISHED): Exchange {
  const [fresh] = ask(EMPTY_CONVERSATION, { ...QUESTION, text: questionText }).exchanges;
  return { ...fresh!, text, progress };
}

describe('toAskForm', () => {
  it('sends a single question with its language only', () => {
    const form = toAskForm({ question: QUESTION, earlier: [], files: [], tokens: 'hidden' });

    expect([...form]).toEqual([
      ['question', 'On és?'],
      ['language', 'ca'],
    ]);
  });

  it('sends history, sampling settings and all files in order', () => {
    const form = toAskForm({
      question: { ...QUESTION, sampling: { temperature: 0.8, seed: 0 } },
      earlier: [exchange('Què?', 'Un gos.')],
      files: [new File(['1'], 'a.png'), new File(['22'], 'b.mp4')],
      tokens: 'shown',
    });

    expect([...form.keys()]).toEqual([
      ...['question', 'language', 'history', 'temperature', 'seed', 'top_logprobs'],
      ...['file', 'file'],
    ]);
    expect(JSON.parse(form.get('history') as string)).toEqual([
      { role: 'user', text: 'Què?' },
      { role: 'assistant', text: 'Un gos.' },
    ]);
    expect(['temperature', 'seed', 'top_logprobs'].map((name) => form.get(name))).toEqual([
      ...['0.8', '0', '5'],
    ]);
    expect(form.getAll('file').map((file) => (file as File).name)).toEqual(['a.png', 'b.mp4']);
  });
});

describe('toHistory', () => {
  it('includes stopped answers, and leaves out failed and empty ones', () => {
    const earlier = [
      exchange('a', 'A'),
      exchange('b', '', { state: 'stopped' }),
      exchange('c', 'C', { state: 'stopped' }),
      exchange('d', 'D', { state: 'failed', error: new Error('gone') }),
      exchange('e', '\n'),
    ];

    expect(toHistory(earlier).map(({ text }) => text)).toEqual(['a', 'A', 'c', 'C']);
  });

  it('keeps the latest turns up to the limit, starting with the user', () => {
    const earlier = Array.from({ length: 40 }, (_, i) => exchange(`q${i}`, `a${i}`));

    const history = toHistory(earlier);
    expect(history).toHaveLength(64);
    expect(history[0]).toEqual({ role: 'user', text: 'q8' });
    expect(history.at(-1)).toEqual({ role: 'assistant', text: 'a39' });
  });
});
