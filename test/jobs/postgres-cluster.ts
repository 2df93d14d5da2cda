import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where Debian installs the programs of PostgreSQL, by version. */
const DEBIAN_FOLDER = '/usr/lib/postgresql';
/** Not in the system's folder for temporary files, which other users may not be able to enter. */
const CLUSTER_PARENT = '/var/tmp';

/** A PostgreSQL of its own in a temporary folder, on a loopback port. */
export interface PostgresCluster {
  /** A new, empty database. */
  createDatabase(name: string): Promise<string>;
  /** Ends the server like a loss of power: SIGKILL to all its processes. */
  kill(): Promise<void>;
  /** A clean restart, as an update of the packages does. */
  restart(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** The folder with `initdb` and `pg_ctl`; undefined if PostgreSQL is not installed. */
export function findPostgres(): string | undefined {
  const folders: string[] = [];
  try {
    folders.push(
      execFileSync('pg_config', ['--bindir'], { encoding: 'utf8', stdio: 'pipe' }).trim(),
    );
  } catch {
    // Not in the PATH, or only the client.
  }
  if (existsSync(DEBIAN_FOLDER)) {
    const versions = readdirSync(DEBIAN_FOLDER).sort((a, b) => Number(b) - Number(a));
    folders.push(...versions.map((version) => join(DEBIAN_FOLDER, version, 'bin')));
  }
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}

/** Installs PostgreSQL where that is possible. @returns whether it is there then. */
export function installPostgres(): boolean {
  if (findPostgres() !== undefined) return true;
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('apt-get', ['install', '--yes', '--no-install-recommends', 'postgresql'], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch {
    return false;
  }
  return findPostgres() !== undefined;
}

/** @param settings lines of `postgresql.conf`, as `name=value`. */
export async function startCluster(
  port: number,
  settings: readonly string[] = [],
): Promise<PostgresCluster> {
  const programs = findPostgres();
  if (programs === undefined) throw new Error('PostgreSQL is not installed.');
  const folder = await mkdtemp(join(CLUSTER_PARENT, 'salamandra-postgres-'));
  const data = join(folder, 'data');
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    await mkdir(data);
    const uid = Number(execFileSync('id', ['-u', 'postgres'], { encoding: 'utf8' }));
    for (const path of [folder, data]) {
      await chown(path, uid, -1);
      await chmod(path, 0o700);
    }
  }
  // `initdb` and the server refuse to run as root.
  const asUser = async (program: string, args: readonly string[]) => {
    const command = join(programs, program);
    if (isRoot) await run('setpriv', [...asPostgres(), command, ...args], { cwd: '/' });
    else await run(command, args, { cwd: '/' });
  };
  await asUser('initdb', ['-D', data, '-U', 'trial', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
  const options = [
    `-p ${port}`,
    '-c listen_addresses=127.0.0.1',
    `-c unix_socket_directories=${folder}`,
    '-c max_connections=400',
    ...settings.map((setting) => `-c ${setting}`),
  ].join(' ');
  const log = join(folder, 'log');
  const startOnce = () =>
    new Promise<void>((resolve, reject) => {
      const args = ['-D', data, '-l', log, '-o', options, '-w', '-t', '60', 'start'];
      const program = join(programs, 'pg_ctl');
      // The server inherits the output, so that nothing may wait for its end.
      const quiet = { stdio: 'ignore', cwd: '/' } as const;
      const child = isRoot
        ? spawn('setpriv', [...asPostgres(), program, ...args], quiet)
        : spawn(program, args, quiet);
      child.on('error', reject);
      child.on('exit', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`PostgreSQL does not start; see ${log}.`));
      });
    });
  // A process that the killed server forked last may live on for a moment and keep its shared memory.
  const start = async (tries = 20): Promise<void> => {
    try {
      await startOnce();
    } catch (error) {
      if (tries === 1) throw error;
      await setTimeout(500);
      await start(tries - 1);
    }
  };
  const stop = async (mode: 'fast' | 'immediate') =>
    await asUser('pg_ctl', ['-D', data, '-m', mode, '-w', 'stop']);
  await start();
  return {
    start: () => start(),
    async createDatabase(name) {
      await asUser('createdb', ['-h', '127.0.0.1', '-p', String(port), '-U', 'trial', name]);
      return `postgres://trial@127.0.0.1:${port}/${name}`;
    },
    async kill() {
      const [pid] = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n');
      const children = await childrenOf(Number(pid));
      for (const process_ of [Number(pid), ...children]) killProcess(process_);
      // Its shared memory is free when all are gone.
      while ([Number(pid), ...children].some(isAlive)) await setTimeout(10);
    },
    async restart() {
      await stop('fast');
      await start();
    },
    async close() {
      await stop('immediate').catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port on loopback that nothing listens on, for a cluster of a test. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function asPostgres(): string[] {
  return ['--reuid', 'postgres', '--regid', 'postgres', '--clear-groups'];
}

async function childrenOf(pid: number): Promise<number[]> {
  const path = `/proc/${pid}/task/${pid}/children`;
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Not a zombie, which waits for its parent only. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
