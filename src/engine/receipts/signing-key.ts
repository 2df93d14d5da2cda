import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { canonicalJson, type Receipt } from './receipt.js';

/** `HOME/receipt-key.pem`: the private key that signs receipts, readable by its owner only. */
function signingKeyPath(home: string): string {
  return join(home, 'receipt-key.pem');
}

/** Signs receipts with the key of a home folder. */
export interface ReceiptSigner {
  /** @returns the receipt without a signature if the folder has no key and none can be written. */
  sign(receipt: Receipt): Promise<Receipt>;
}

/** The key is read, or created, when the first receipt is signed. */
export function createReceiptSigner(home: string): ReceiptSigner {
  let key: Promise<KeyObject | null> | undefined;
  return {
    async sign(receipt) {
      key ??= openSigningKey(home).catch((error: unknown) => {
        console.error(`Receipts are not signed: ${(error as Error).message}`);
        return null;
      });
      const privateKey = await key;
      return privateKey ? signReceipt(receipt, privateKey) : receipt;
    },
  };
}

function signReceipt(receipt: Receipt, privateKey: KeyObject): Receipt {
  const value = sign(null, signedBytes(receipt), privateKey).toString('base64');
  const signature = { algorithm: 'Ed25519', public_key: publicKeyOf(privateKey), value } as const;
  return { ...receipt, signature };
}

/** The public key of a private one: 32 bytes in base64. */
function publicKeyOf(privateKey: KeyObject): string {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}

/** `valid`: of the fields of the receipt, by the key that it names, which may be anybody's. */
export const SIGNATURE_STATES = ['valid', 'invalid', 'unsigned'] as const;

export type SignatureState = (typeof SIGNATURE_STATES)[number];

export function checkSignature(receipt: Receipt): SignatureState {
  if (!receipt.signature) return 'unsigned';
  const { public_key: publicKey, value } = receipt.signature;
  const x = Buffer.from(publicKey, 'base64').toString('base64url');
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const isValid = verify(null, signedBytes(receipt), key, Buffer.from(value, 'base64'));
    return isValid ? 'valid' : 'invalid';
  } catch {
    // 32 bytes that are no point of the curve.
    return 'invalid';
  }
}

/** The public key of a home folder; `null` if it has signed nothing yet. */
export async function readPublicKey(home: string): Promise<string | null> {
  const pem = await readFile(signingKeyPath(home), 'utf8').catch(() => null);
  return pem === null ? null : publicKeyOf(createPrivateKey(pem));
}

function signedBytes(receipt: Receipt): Buffer {
  return Buffer.from(canonicalJson({ ...receipt, signature: undefined }));
}

/** @throws if the file has no private key, or cannot be read or written. */
async function openSigningKey(home: string): Promise<KeyObject> {
  const path = signingKeyPath(home);
  const present = await readFile(path, 'utf8').catch(ifMissing);
  if (present !== null) return createPrivateKey(present);
  await createKeyFile(home, path);
  return createPrivateKey(await readFile(path, 'utf8'));
}

/** Another process may create the key at the same time: the first one stays. */
async function createKeyFile(home: string, path: string): Promise<void> {
  await mkdir(home, { recursive: true });
  const { privateKey } = generateKeyPairSync('ed25519');
  const partial = join(home, `.receipt-key.${randomUUID()}.partial`);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(partial, pem, { mode: 0o600, flag: 'wx' });
  try {
    // Unlike a renamed file, a link never replaces the key of another process.
    await link(partial, path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(partial, { force: true });
  }
}

function ifMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
