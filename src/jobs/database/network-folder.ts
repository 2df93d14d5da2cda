import { statfs } from 'node:fs/promises';

import { SalamandraError } from '../../errors/salamandra-error.js';

/** Types of file systems that are shared over a network, from `statfs(2)`, and their names. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x0102_1997, '9p'],
  [0x00c3_6400, 'Ceph'],
  [0x5346_414f, 'AFS'],
  [0x0bd0_0bd0, 'Lustre'],
  [0x4750_4653, 'GPFS'],
]);

/**
 * SQLite's locks and its shared memory do not work over a network, and two machines would damage the file.
 *
 * @throws INVALID_PARAMETER
 */
export async function refuseNetworkFolder(
  folder: string,
  readType: (folder: string) => Promise<{ readonly type: number }> = statfs,
): Promise<void> {
  const { type } = await readType(folder);
  const name = NETWORK_FILE_SYSTEMS.get(type);
  if (name === undefined) return;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `The job database would be on a network file system (${name}), where SQLite cannot lock its file. Set SALAMANDRA_HOME to a folder on a local disk, or DATABASE_URL to a PostgreSQL database that the machines share.`,
  );
}
