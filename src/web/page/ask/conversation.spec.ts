import {
  ask,
  type Conversation,
  edit,
  EMPTY_CONVERSATION,
  fail,
  finish,
  isRunning,
  type Question,
  receive,
  regenerate,
  stop,
  upload,
} from './conversation.js';

const question = (text: string): Question => ({
  text,
  language: 'ca',
  sampling: { temperature: null, seed: null },
});
const END = { finish_reason: 'stop' } as const;

/** A conversation of these questions, each with an answer. */
function converse(...texts: readonly string[]): Conversation {
  return texts.reduce((conversation, text) => {
    const asked = ask(conversation, question(text));
    return finish(asked, asked.exchanges.at(-1)!.id, { text: `${text}!`, ...END });
  }, EMPTY_CONVERSATION);
}

const texts = ({ exchanges }: Conversation) => exchanges.map((one) => one.question.text);
const progresses = ({ exchanges }: Conversation) => exchanges.map(({ progress }) => progress);

describe('a conversation', () => {
  it('gathers an answer from its pieces, and takes the whole one in their place', () => {
    const asked = ask(EMPTY_CONVERSATION, question('Què?'));
    const sent = upload(asked, 1, 0.5);
    const begun = receive(receive(sent, 1, { text: 'Un ' }), 1, { text: 'gos' });
    const whole = finish(begun, 1, { text: 'Un gos.', ...END });

    expect(progresses(asked)).toEqual([{ state: 'waiting', uploaded: 0 }]);
    expect(progresses(sent)).toEqual([{ state: 'waiting', uploaded: 0.5 }]);
    expect(begun.exchanges[0]).toMatchObject({ text: 'Un gos', progress: { state: 'writing' } });
    expect(begun.exchanges.every(isRunning)).toBe(true);
    expect(whole.exchanges[0]).toMatchObject({
      text: 'Un gos.',
      progress: { state: 'finished', reason: 'stop' },
    });
  });

  it('gathers tokens too', () => {
    const dog = { text: 'gos', logprob: -0.1, top: [] };
    const begun = receive(ask(EMPTY_CONVERSATION, question('?')), 1, {
      text: 'gos',
      tokens: [dog],
    });

    expect(begun.exchanges[0]?.tokens).toEqual([dog]);
    expect(finish(begun, 1, { text: 'gos', ...END }).exchanges[0]?.tokens).toEqual([]);
  });

  it('keeps what had come when it is stopped or fails', () => {
    const begun = receive(ask(EMPTY_CONVERSATION, question('?')), 1, { text: 'Un' });
    const error = new Error('gone');

    expect(stop(begun).exchanges[0]).toMatchObject({ text: 'Un', progress: { state: 'stopped' } });
    expect(fail(begun, 1, error).exchanges[0]).toMatchObject({
      text: 'Un',
      progress: { state: 'failed', error },
    });
  });

  it('changes no answer that has ended, whatever comes late', () => {
    const stopped = stop(ask(EMPTY_CONVERSATION, question('?')));

    expect(receive(stopped, 1, { text: 'late' })).toEqual(stopped);
    expect(finish(stopped, 1, { text: 'late', ...END })).toEqual(stopped);
    expect(fail(stopped, 1, new Error('late'))).toEqual(stopped);
    expect(upload(stopped, 1, 1)).toEqual(stopped);
    expect(stop(converse('a'))).toEqual(converse('a'));
  });

  it('drops what followed an edited question', () => {
    const edited = edit(converse('a', 'b', 'c'), 2, question('B'));

    expect(texts(edited)).toEqual(['a', 'B']);
    expect(edited.exchanges.at(-1)).toMatchObject({ id: 4, text: '', tokens: [] });
    expect(receive(edited, 2, { text: 'late' })).toEqual(edited);
  });

  it('asks after all when the edited question is gone', () => {
    expect(texts(edit(converse('a'), 9, question('b')))).toEqual(['a', 'b']);
  });

  it('answers the last question again, drawn in another way', () => {
    const sampling = { temperature: 0.8, seed: 7 };
    const again = regenerate(converse('a', 'b'), sampling);

    expect(texts(again)).toEqual(['a', 'b']);
    expect(again.exchanges[0]).toEqual(converse('a').exchanges[0]);
    expect(again.exchanges[1]).toMatchObject({
      id: 3,
      text: '',
      question: { language: 'ca', sampling },
      progress: { state: 'waiting' },
    });
    expect(regenerate(EMPTY_CONVERSATION, sampling)).toEqual(EMPTY_CONVERSATION);
  });
});
