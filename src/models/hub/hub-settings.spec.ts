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

  /** The token of the user who runs the tests is not read. */
  const load = (env: Record<string, string>) =>
    loadHubSettings({ HF_HOME: folder.path(''), ...env });

  it('uses huggingface.co without a token by default', async () => {
    expect(await load({})).toEqual({
      endpoint: 'https://huggingface.co',
      token: null,
      network: 'online',
    });
  });

  it('reads a mirror with a path, a token and the offline switch', async () => {
    const env = { HF_ENDPOINT: 'http://mirror:8080/hf/', HF_TOKEN: ' hf_x\n', HF_HUB_OFFLINE: '1' };
    expect(await load(env)).toEqual({
      endpoint: 'http://mirror:8080/hf',
      token: 'hf_x',
      network: 'offline',
    });
  });

  it('uses the saved token for huggingface.co only', async () => {
    folder.write('token', 'hf_saved\n');

    expect((await load({})).token).toBe('hf_saved');
    expect((await load({ HF_ENDPOINT: 'https://mirror.example.org' })).token).toBeNull();
  });

  it('uses the token of HF_TOKEN_PATH for a mirror', async () => {
    const env = {
      HF_ENDPOINT: 'https://mirror.example.org',
      HF_TOKEN_PATH: folder.write('other', 'abc'),
    };
    expect((await load(env)).token).toBe('abc');
  });

  it.each(['huggingface.co', 'ftp://hub', 'https://me:secret@hub', 'https://hub?x=1'])(
    'rejects %s as an endpoint',
    async (HF_ENDPOINT) => {
      await expect(load({ HF_ENDPOINT })).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    },
  );

  it('rejects a token with a line break', async () => {
    await expect(load({ HF_TOKEN: 'a\r\nx: y' })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });
});
