import { SalamandraError } from '../errors/salamandra-error.js';

/** The codes with which a model that cannot be used is reported as it is: their sentences name the reason. */
const MODEL_CODES: ReadonlySet<string> = new Set([
  'MODEL_INVALID',
  'MODEL_NOT_FOUND',
  'MODEL_LOAD_FAILED',
]);

/**
 * The error of a model that could not be loaded. The same files give the same error, so loading is not tried again.
 *
 * @param error thrown while the model was loaded.
 */
export function toLoadFailure(error: unknown): SalamandraError {
  if (error instanceof SalamandraError && MODEL_CODES.has(error.code)) return error;
  if (error instanceof SalamandraError && error.code !== 'INTERNAL') {
    const { publicMessage, details } = error;
    return loadFailure(publicMessage, { details, cause: error });
  }
  // The message of an unexpected error may hold paths; its class and system code do not.
  const { name = 'Error', code } = (error ?? {}) as { name?: string; code?: unknown };
  const homeFault = typeof code === 'string' ? HOME_FAULTS.get(code) : undefined;
  if (homeFault !== undefined) {
    return loadFailure(`${homeFault} Then start the service again.`, { cause: error });
  }
  const kind = typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code) ? `${name}, ${code}` : name;
  return loadFailure(
    `Unexpected error (${kind}); the log of the process has its cause. Check the model with \`npx salamandra verify\`, or install it again.`,
    { cause: error },
  );
}

const NO_ROOM =
  'The disk of the home folder is full. Free some space, or set SALAMANDRA_HOME to a folder on another disk.';
const NOT_WRITABLE =
  'The home folder is not writable. Change its permissions, or set SALAMANDRA_HOME to another folder.';

const NOT_A_FOLDER =
  'The home folder, or a folder above it, is a file or a link to a missing folder. Set SALAMANDRA_HOME to a folder.';

/** System errors of the home folder, in which the demo model is converted and packages are found. */
const HOME_FAULTS: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', NO_ROOM],
  ['EDQUOT', NO_ROOM],
  ['EFBIG', NO_ROOM],
  ['EROFS', NOT_WRITABLE],
  ['EACCES', NOT_WRITABLE],
  ['EPERM', NOT_WRITABLE],
  ['ENOTDIR', NOT_A_FOLDER],
  ['EEXIST', NOT_A_FOLDER],
]);

/**
 * Whether an error is a lack of memory, which may have passed at the next attempt. ONNX Runtime and Node.js throw it in
 * some cases; in others the process is killed.
 */
export function isOutOfMemory(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, cause } = error as { code?: unknown; message?: unknown; cause?: unknown };
  return (
    code === 'ENOMEM' ||
    code === 'ERR_MEMORY_ALLOCATION_FAILED' ||
    (typeof message === 'string' && OUT_OF_MEMORY.test(message)) ||
    isOutOfMemory(cause)
  );
}

const OUT_OF_MEMORY =
  /\bbad[ _]?alloc(ation)?\b|\bout of memory\b|\ballocation failed\b|\bfailed to allocate memory\b/i;

/** How a worker process ended. */
export interface WorkerExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The line of its error output that tells most; undefined without any output. */
  readonly lastOutput: string | undefined;
}

/** The error of a model whose worker ended `crashes` times in a row while it loaded the model. */
export function loadCrashed({ exitCode, signal, lastOutput }: WorkerExit, crashes: number) {
  const end = signal === null ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`;
  const times = crashes === 1 ? 'once' : `${crashes} times in a row`;
  return loadFailure(
    `The inference process ended ${times} while it loaded the model, last with ${end}. The usual reason is too little memory: choose a smaller model or precision; \`npx salamandra doctor\` shows what fits this machine.`,
    {
      details: signal === null ? { exitCode: exitCode ?? -1 } : { signal },
      // Error output may hold paths, so it is for the log only.
      ...(lastOutput !== undefined && { cause: lastOutput }),
    },
  );
}

function loadFailure(
  reason: string,
  options: ConstructorParameters<typeof SalamandraError>[2],
): SalamandraError {
  return new SalamandraError('MODEL_LOAD_FAILED', `The model cannot be loaded. ${reason}`, options);
}

/** Bytes of error output that are kept of a worker. */
const KEPT_OUTPUT = 8_192;

/** Keeps the end of a worker's error output. */
export function createOutputTail() {
  let tail = '';
  return {
    push(chunk: Buffer): void {
      tail = `${tail}${chunk.toString('utf8')}`.slice(-KEPT_OUTPUT);
    },
    /** The last line that names an error, or else the last line. Runtimes print a stack after the reason. */
    lastLine(): string | undefined {
      const lines = tail.split(/[\r\n]+/).filter((line) => line.trim() !== '');
      const reason = lines.findLast((line) =>
        /\b(?:error|fatal|exception|terminate|memory)\b|what\(\)/i.test(line),
      );
      return (reason ?? lines.at(-1))?.trim().slice(0, 300);
    },
  };
}
