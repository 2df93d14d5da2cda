import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { FAKE_MODEL } from '../../../test/fakes/fake-engine.js';
import { createReceiptEngine, receiptFor } from '../../../test/fakes/receipt-engine.js';
import type { AnswerFormat } from '../../decoder/grammar/json-schema.js';
import { parseReceipt } from './parse-receipt.js';
import { canonicalJson, type Receipt } from './receipt.js';
import { hashReplayFile, replayReceipt } from './replay.js';
import { checkSignature, createReceiptSigner, readPublicKey } from './signing-key.js';

const never = new AbortController().signal;
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'receipts-'));
});

afterEach(() => rmSync(home, { recursive: true }));

const picture = (text: string) => ({ kind: 'image', bytes: Buffer.from(text) }) as const;

describe('canonicalJson', () => {
  it('sorts names by code units and leaves out undefined members', () => {
    const value = { b: [1, { z: null, y: 'é' }], a: undefined, 10: 1e21, 9: -0 };

    expect(canonicalJson(value)).toBe('{"10":1e+21,"9":0,"b":[1,{"y":"é","z":null}]}');
  });
});

describe('withReceipts', () => {
  it('adds a receipt that tells how the text came about', async () => {
    const receipt = await receiptFor(home, picture('one'));

    expect(receipt).toMatchObject({
      format: 1,
      model: { id: 'fake', package_sha256: FAKE_MODEL.environment.packageSha256 },
      machine: { threads: 1 },
      prompt: { messages: [{ role: 'user' }] },
      settings: { temperature: 0, seed: 0 },
      media: [{ kind: 'image', page: null, detail: 'auto', tiles: 5 }],
      text: { finish_reason: 'stop' },
      scores: { mean_logprob: -0.5, min_logprob: -1 },
    });
    expect(parseReceipt(JSON.parse(JSON.stringify(receipt)))).toEqual(receipt);
  });
});

describe('the signature of a receipt', () => {
  it('is that of a key which only the owner of the home folder may read', async () => {
    const receipt = await receiptFor(home, picture('one'));

    expect(checkSignature(receipt)).toBe('valid');
    expect(receipt.signature?.public_key).toBe(await readPublicKey(home));
    expect(readdirSync(home)).toEqual(['receipt-key.pem']);
    expect(statSync(join(home, 'receipt-key.pem')).mode & 0o777).toBe(0o600);
  });

  it('is invalid once any field has changed', async () => {
    const receipt = await receiptFor(home, picture('one'));
    const changed: Receipt[] = [
      { ...receipt, created: '2020-01-01T00:00:00.000Z' },
      { ...receipt, machine: { ...receipt.machine, threads: 2 } },
      { ...receipt, text: { ...receipt.text, sha256: '0'.repeat(64) } },
    ];

    expect(changed.map(checkSignature)).toEqual(['invalid', 'invalid', 'invalid']);
    expect(checkSignature({ ...receipt, signature: undefined })).toBe('unsigned');
  });

  it('is of one key, even if several processes create it at once', async () => {
    const signers = Array.from({ length: 8 }, () => createReceiptSigner(home));
    const receipt = await receiptFor(home, picture('one'));
    rmSync(join(home, 'receipt-key.pem'));
    const signed = await Promise.all(signers.map((signer) => signer.sign(receipt)));

    expect(new Set(signed.map(({ signature }) => signature?.public_key)).size).toBe(1);
    expect(readdirSync(home)).toEqual(['receipt-key.pem']);
  });

  it('is left out if the key cannot be read', async () => {
    const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    writeFileSync(join(home, 'receipt-key.pem'), 'no key');
    const receipt = await receiptFor(home, picture('one'));

    expect(receipt.signature).toBeUndefined();
    expect(log).toHaveBeenCalledTimes(1);
    expect(readFileSync(join(home, 'receipt-key.pem'), 'utf8')).toBe('no key');
    log.mockRestore();
  });
});

describe('parseReceipt', () => {
  it.each<[string, (receipt: Receipt) => object, string]>([
    ['another format', (one) => ({ ...one, format: 2 }), 'receipt.format'],
    ['a missing field', (one) => ({ ...one, settings: undefined }), 'receipt.settings'],
    [
      'a value outside its limits',
      (one) => ({ ...one, settings: { ...one.settings, max_tokens: 1e9 } }),
      'receipt.settings.max_tokens',
    ],
    [
      'an entry of a list',
      (one) => ({ ...one, media: [{ ...one.media[0], sha256: 'X' }] }),
      'receipt.media[0].sha256',
    ],
    [
      'an answer format of another kind',
      (one) => ({ ...one, settings: { ...one.settings, answer_format: { kind: 'xml' } } }),
      'receipt.settings.answer_format.kind',
    ],
    [
      'a malformed signature',
      (one) => ({ ...one, signature: { algorithm: 'Ed25519', public_key: 'AA==', value: '' } }),
      'receipt.signature.public_key',
    ],
  ])('names the field of %s', async (_, change, parameter) => {
    const receipt = await receiptFor(home, picture('one'));

    expect(() => parseReceipt(change(receipt))).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER', details: { parameter } }) as Error,
    );
  });

  it('names the place in a schema that is not supported', async () => {
    const receipt = await receiptFor(home, picture('one'));
    const answer_format = { kind: 'json-schema', schema: { type: 'string', pattern: 'a' } };

    expect(() =>
      parseReceipt({ ...receipt, settings: { ...receipt.settings, answer_format } }),
    ).toThrow('receipt.settings.answer_format.schema');
  });

  it.each([null, 1, 'text', []])('refuses %p', (value) => {
    expect(() => parseReceipt(value)).toThrow('The receipt must be an object');
  });
});

describe('replayReceipt', () => {
  async function replay(receipt: Receipt, contents: readonly string[], changes: object = {}) {
    const engine = createReceiptEngine(home, changes);
    const files = await Promise.all(
      contents.map((content) => hashReplayFile(picture(content), never)),
    );
    return await replayReceipt(receipt, files, engine, {}, never);
  }

  it('writes the same text again', async () => {
    const receipt = await receiptFor(home, picture('one'));
    const { outcome, differences, text } = await replay(receipt, ['one']);

    expect({ outcome, differences, text }).toEqual({
      outcome: 'equal',
      differences: [],
      text: 'a text about one',
    });
  });

  it.each<AnswerFormat>([
    { kind: 'json-object' },
    { kind: 'json-schema', schema: { type: 'object', properties: { a: { type: 'string' } } } },
  ])('asks for the answer format $kind again', async (answerFormat) => {
    const receipt = await receiptFor(home, picture('one'), { answerFormat });
    const parsed = parseReceipt(JSON.parse(JSON.stringify(receipt)));
    const written = await replay(parsed, ['one']);

    expect(receipt.settings.answer_format).toEqual(answerFormat);
    expect(written.receipt?.settings).toEqual(receipt.settings);
    expect(written.outcome).toBe('equal');
  });

  it('finds the file by its hash among others', async () => {
    const receipt = await receiptFor(home, picture('one'));

    expect(await replay(receipt, ['two', 'one'])).toMatchObject({ outcome: 'equal' });
  });

  it('names another file and does not run the model', async () => {
    const receipt = await receiptFor(home, picture('one'));
    const { outcome, differences } = await replay(receipt, ['two']);
    const here = (await receiptFor(home, picture('two'))).media[0]?.sha256;

    expect(outcome).toBe('not_run');
    expect(differences).toEqual([
      { field: 'media[0].sha256', receipt: receipt.media[0]?.sha256, here },
    ]);
  });

  it('names a missing file', async () => {
    const receipt = await receiptFor(home, picture('one'));

    expect(await replay(receipt, [])).toMatchObject({
      outcome: 'not_run',
      differences: [{ field: 'media[0].sha256', here: null }],
    });
  });

  it('names another model and does not run it', async () => {
    const receipt = await receiptFor(home, picture('one'));
    const revision = '9'.repeat(64);

    expect(await replay(receipt, ['one'], { revision })).toEqual({
      outcome: 'not_run',
      differences: [{ field: 'model.revision', receipt: receipt.model.revision, here: revision }],
      text: null,
      receipt: null,
    });
  });

  it('names other threads, also if the texts are equal', async () => {
    const receipt = await receiptFor(home, picture('one'));
    const machine = { ...receipt.machine, threads: 7 };
    const environment = { ...FAKE_MODEL.environment, machine };

    expect(await replay(receipt, ['one'], { environment })).toMatchObject({
      outcome: 'equal',
      differences: [{ field: 'machine.threads', receipt: 1, here: 7 }],
    });
  });

  it('reports another text', async () => {
    const receipt = await receiptFor(home, picture('one'));
    const other = { ...receipt, text: { ...receipt.text, sha256: '0'.repeat(64) } };

    expect(await replay(other, ['one'])).toMatchObject({
      outcome: 'different',
      text: 'a text about one',
      differences: [{ field: 'text.sha256', receipt: other.text.sha256 }],
    });
  });
});
