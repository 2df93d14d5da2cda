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
  setModel,
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
    const pending = ask(conversation, question(text));
    return finish(pending, pending.exchanges.at(-1)!.id, { text: `${text}!`, ...END });
  }, EMPTY_CONVERSATION);
}

const texts = ({ exchanges }: Conversation) => exchanges.map(({ question: { text } }) => text);
const progresses = ({ exchanges }: Conversation) => exchanges.map(({ progress }) => progress);

describe('a conversation', () => {
  it('collects the deltas of an answer and replaces them with the finished answer', () => {
    const pending = ask(EMPTY_CONVERSATION, question('Què?'));
    const sent = upload(pending, 1, 0.5);
    const streaming = receive(receive(sent, 1, { text: 'Un ' }), 1, { text: 'gos' });
    const whole = finish(streaming, 1, { text: 'Un gos.', ...END });

    expect(progresses(pending)).toEqual([{ state: 'waiting', uploaded: 0 }]);
    expect(progresses(sent)).toEqual([{ state: 'waiting', uploaded: 0.5 }]);
    expect(streaming.exchanges[0]).toMatchObject({
      text: 'Un gos',
      progress: { state: 'writing' },
    });
    expect(streaming.exchanges.every(isRunning)).toBe(true);
    expect(whole.exchanges[0]).toMatchObject({
      text: 'Un gos.',
      progress: { state: 'finished', reason: 'stop' },
    });
  });

  it('collects tokens', () => {
    const dog = { text: 'gos', logprob: -0.1, top: [] };
    const streaming = receive(ask(EMPTY_CONVERSATION, question('?')), 1, {
      text: 'gos',
      tokens: [dog],
    });

    expect(streaming.exchanges[0]?.tokens).toEqual([dog]);
    expect(finish(streaming, 1, { text: 'gos', ...END }).exchanges[0]?.tokens).toEqual([]);
  });

  it('keeps the text of a stopped or failed answer', () => {
    const streaming = receive(ask(EMPTY_CONVERSATION, question('?')), 1, { text: 'Un' });
    const error = new Error('gone');

    expect(stop(streaming).exchanges[0]).toMatchObject({
      text: 'Un',
      progress: { state: 'stopped' },
    });
    expect(fail(streaming, 1, error).exchanges[0]).toMatchObject({
      text: 'Un',
      progress: { state: 'failed', error },
    });
  });

  it('records the model that answers', () => {
    const pending = ask(EMPTY_CONVERSATION, question('?'));

    expect(pending.exchanges[0]?.model).toBeNull();
    expect(setModel(pending, 1, 'demo').exchanges[0]?.model).toBe('demo');
  });

  it('ignores late events of an ended answer', () => {
    const stopped = stop(ask(EMPTY_CONVERSATION, question('?')));

    expect(receive(stopped, 1, { text: 'late' })).toEqual(stopped);
    expect(finish(stopped, 1, { text: 'late', ...END })).toEqual(stopped);
    expect(fail(stopped, 1, new Error('late'))).toEqual(stopped);
    expect(upload(stopped, 1, 1)).toEqual(stopped);
    expect(stop(converse('a'))).toEqual(converse('a'));
  });

  it('removes the exchanges after an edited question', () => {
    const edited = edit(converse('a', 'b', 'c'), 2, question('B'));

    expect(texts(edited)).toEqual(['a', 'B']);
    expect(edited.exchanges.at(-1)).toMatchObject({ id: 4, text: '', tokens: [] });
    expect(receive(edited, 2, { text: 'late' })).toEqual(edited);
  });

  it('appends the question if the edited one no longer exists', () => {
    expect(texts(edit(converse('a'), 9, question('b')))).toEqual(['a', 'b']);
  });

  it('regenerates the last answer with other sampling settings', () => {
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
