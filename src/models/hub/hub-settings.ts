import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';

/** Which hub to ask, and as whom. The names of the variables are those of Hugging Face's own client. */
export interface HubSettings {
  /** Address of the hub or of a mirror, without a slash at the end: `https://huggingface.co`. */
  readonly endpoint: string;
  /** Sent to the endpoint alone. */
  readonly token: string | null;
  readonly network: 'online' | 'offline';
}

const HUGGING_FACE = 'https://huggingface.co';

/**
 * Reads HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME and HF_HUB_OFFLINE. The token that `hf auth login` saved
 * goes to Hugging Face alone; a mirror gets one only where HF_TOKEN or HF_TOKEN_PATH is set for it.
 *
 * @throws INVALID_PARAMETER naming the variable.
 */
export async function loadHubSettings(
  env: Readonly<Record<string, string | undefined>>,
): Promise<HubSettings> {
  const endpoint = parseEndpoint(env['HF_ENDPOINT'] || HUGGING_FACE);
  return {
    endpoint,
    token: parseToken(env['HF_TOKEN'] || (await readSavedToken(env, endpoint))),
    network: /^(1|on|yes|true)$/i.test(env['HF_HUB_OFFLINE'] ?? '') ? 'offline' : 'online',
  };
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain =
    url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!isPlain || !/^https?:$/.test(url.protocol)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'HF_ENDPOINT must be an address such as https://huggingface.co.',
    );
  }
  return url.href.replace(/\/+$/, '');
}

async function readSavedToken(
  env: Readonly<Record<string, string | undefined>>,
  endpoint: string,
): Promise<string> {
  const chosen = env['HF_TOKEN_PATH'];
  if (!chosen && endpoint !== HUGGING_FACE) return '';
  const cache = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const path = chosen || join(env['HF_HOME'] || join(cache, 'huggingface'), 'token');
  return await readFile(path, 'utf8').catch(() => '');
}

/** Null for an empty text. A token becomes a header, so nothing else may stand in it. */
function parseToken(text: string): string | null {
  const token = text.trim();
  if (/^[\x21-\x7e]*$/.test(token)) return token === '' ? null : token;
  throw new SalamandraError('INVALID_PARAMETER', 'HF_TOKEN holds characters that no token has.');
}
