import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { readHistory } from './ask.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

function withCode(code: string): Error {
  return expect.objectContaining({ code }) as Error;
}

function turn(role: string) {
  return { role, text: 'a' };
}

describe('readHistory', () => {
  it('reads role and text of each turn, and ignores other fields', async () => {
    const turns = [
      { role: 'user', text: 'Who?', extra: 1 },
      { role: 'assistant', text: 'A fox.' },
    ];
    expect(await readHistory(folder.write('turns.json', JSON.stringify(turns)))).toEqual([
      { role: 'user', text: 'Who?' },
      { role: 'assistant', text: 'A fox.' },
    ]);
    expect(await readHistory(folder.write('none.json', '[]'))).toEqual([]);
  });

  it.each([
    ['{}', 'INVALID_PARAMETER'],
    ['[{"role": "system", "text": "a"}]', 'INVALID_PARAMETER'],
    ['[{"role": "user", "text": ""}, {"role": "assistant", "text": "a"}]', 'INVALID_PARAMETER'],
    ['[{"role": "user", "text": "a"}]', 'INVALID_PARAMETER'],
    ['[{"role": "assistant", "text": "a"}, {"role": "user", "text": "b"}]', 'INVALID_PARAMETER'],
    ['[null]', 'INVALID_PARAMETER'],
    ['[', 'INVALID_JSON'],
    [' '.repeat(65_537), 'PAYLOAD_TOO_LARGE'],
    [
      JSON.stringify(
        Array(33)
          .fill([turn('user'), turn('assistant')])
          .flat(),
      ),
      'INVALID_PARAMETER',
    ],
  ])('rejects %.40s', async (content, code) => {
    const path = folder.write('turns.json', content);
    await expect(readHistory(path)).rejects.toEqual(withCode(code));
  });

  it('refuses a file that is not there', async () => {
    await expect(readHistory(folder.path('absent'))).rejects.toEqual(withCode('NOT_FOUND'));
  });
});
