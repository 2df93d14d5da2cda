import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import { loadHubSettings } from './hub-settings.js';

describe('loadHubSettings', () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = createTemporaryFolder();
  });
  afterEach(() => folder.remove());

  /** No token of whoever runs the tests is read. */
  const load = (env: Record<string, string>) =>
    loadHubSettings({ HF_HOME: folder.path(''), ...env });

  it('asks Hugging Face without a token unless told otherwise', async () => {
    expect(await load({})).toEqual({
      endpoint: 'https://huggingface.co',
      token: null,
      network: 'online',
    });
  });

  it('takes a mirror in a folder, a token and the switch for the network', async () => {
    const env = { HF_ENDPOINT: 'http://mirror:8080/hf/', HF_TOKEN: ' hf_x\n', HF_HUB_OFFLINE: '1' };
    expect(await load(env)).toEqual({
      endpoint: 'http://mirror:8080/hf',
      token: 'hf_x',
      network: 'offline',
    });
  });

  it('takes the saved token for Hugging Face, and gives it to no mirror', async () => {
    folder.write('token', 'hf_saved\n');

    expect((await load({})).token).toBe('hf_saved');
    expect((await load({ HF_ENDPOINT: 'https://mirror.example.org' })).token).toBeNull();
  });

  it('gives a mirror the token of a file that is named', async () => {
    const env = {
      HF_ENDPOINT: 'https://mirror.example.org',
      HF_TOKEN_PATH: folder.write('other', 'abc'),
    };
    expect((await load(env)).token).toBe('abc');
  });

  it.each(['huggingface.co', 'ftp://hub', 'https://me:secret@hub', 'https://hub?x=1'])(
    'refuses %s as an endpoint',
    async (HF_ENDPOINT) => {
      await expect(load({ HF_ENDPOINT })).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    },
  );

  it('refuses a token that would be more than one header', async () => {
    await expect(load({ HF_TOKEN: 'a\r\nx: y' })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });
});
