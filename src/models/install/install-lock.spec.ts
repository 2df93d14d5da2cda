import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { withInstallLock } from './install-lock.js';

describe('withInstallLock', () => {
  it('reports waiting once, and stops waiting when aborted', async () => {
    const folder = createTemporaryFolder();
    const path = folder.path('lock');
    const stop = new AbortController();
    const reason = new Error('enough');
    let waits = 0;
    const onWait = () => {
      waits += 1;
      stop.abort(reason);
    };

    await withInstallLock(path, async () => {
      const second = withInstallLock(path, () => Promise.resolve(), {
        onWait,
        signal: stop.signal,
      });
      await expect(second).rejects.toBe(reason);
    });
    expect(waits).toBe(1);
    folder.remove();
  });
});
