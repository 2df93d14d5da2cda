import type { MeasuredCalibration } from '../measure/doctor/diagnose-model.js';
import type { Machine } from '../measure/doctor/machine.js';
import type { ModelEstimate } from '../measure/doctor/survey-models.js';
import { findKnownModel } from '../models/package/known-models.js';
import { doctorJson } from './doctor-json.js';
import { printDiagnosis, printMachine, printSurvey } from './doctor-report.js';
import { createTerminal, type Terminal } from './terminal.js';

const MACHINE: Machine = {
  ...{ processor: 'test', load: 0, logicalCores: 8, coreLimit: null, facts: null },
  memory: { total: 16e9, limit: null, available: 8e9 },
  ...{ diskFree: 1e9, ffmpeg: null, programs: [], canCapDecoders: true },
};

function linesOf(print: (terminal: Terminal) => void): string[] {
  let text = '';
  const stdout = { write: (piece: string) => (text += piece) !== '' };
  type Output = Parameters<typeof createTerminal>[0];
  const output = stdout as unknown as Output;
  print(createTerminal(output, output));
  return text.split('\n');
}

describe('the cores of a machine', () => {
  it.each([
    ['8', { facts: null }],
    ['8', { facts: { instructionSets: [], physicalCores: null } }],
    ['8', { facts: { instructionSets: [], physicalCores: 8 } }],
    ['4 (8 hyper-threads)', { facts: { instructionSets: [], physicalCores: 4 } }],
    ['8, container limit 1.5', { coreLimit: 1.5 }],
  ])('are printed as %s', (cores, known) => {
    const lines = linesOf((terminal) => printMachine({ ...MACHINE, ...known }, terminal));
    expect(lines).toContain(`  Cores             ${cores}`);
  });
});

const LINE = { fixed: 2, linear: 0, square: 0 };
const MEASURED: MeasuredCalibration = {
  calibration: {
    ...{ processor: 'test', threads: 2, measuredAt: '2026-11-29T00:00:00.000Z', loadMs: 7 },
    model: { id: 'demo', revision: 'a'.repeat(64), precision: 'int8' },
    speed: { vision: null, prefill: LINE, step: LINE, extraSequenceShare: 0 },
    peak: { bytes: 2e8, positions: 1000 },
  },
  quality: 'steady',
  disturbance: { slowdown: 1.02, otherCores: 0.1 },
};
const DISTURBED: MeasuredCalibration = {
  ...MEASURED,
  quality: 'disturbed',
  disturbance: { slowdown: 3, otherCores: 1 },
};
const SETTINGS = {
  precision: 'int8' as const,
  ...{ threads: 2, reasons: ['the model is small'], isInstalled: true },
};

describe('the measurements of a model', () => {
  const print = (measured: readonly MeasuredCalibration[]) =>
    linesOf((terminal) =>
      printDiagnosis(
        { measured, tooLarge: [], recommendation: SETTINGS },
        { model: 'demo', precision: 'int8', threads: 2 },
        terminal,
      ),
    ).join('\n');

  it('are marked as steady', () => {
    expect(print([MEASURED])).toMatch(/ {2}int8 +2 +7\.00 ms +- +128000 +500 +200 MB {2}steady\n/);
    expect(print([MEASURED])).not.toContain('Other programs');
  });

  it('are marked as disturbed, and not used', () => {
    expect(print([DISTURBED])).toContain('200 MB  disturbed\n  Other programs disturbed');
    expect(print([DISTURBED])).toContain('not kept for estimates');
    expect(print([DISTURBED])).toContain('2 threads: the configured number');
  });
});

const estimate = (name: string, changes: Partial<ModelEstimate> = {}): ModelEstimate => ({
  model: findKnownModel(name)!,
  ...{ installed: [], precision: 'mixed', fit: 'fits' },
  ...{ packageBytes: 1.23e9, downloadBytes: 1.8e9, memoryBytes: 1.6e9 },
  speed: { secondsPerPicture: 12.34, tokensPerSecond: 30.21, source: 'projected' },
  ...changes,
});

describe('the survey of models', () => {
  const TEXT = { secondsPerPicture: null, tokensPerSecond: 8, source: 'projected' } as const;
  const estimates = [
    estimate('llava-onevision-0.5b', { installed: ['int8'] }),
    estimate('vl-7b'),
    estimate('40b', { fit: 'too little memory', speed: TEXT }),
  ];
  const print = (changes: Partial<Parameters<typeof printSurvey>[0]> = {}) =>
    linesOf((terminal) =>
      printSurvey({ estimates, recommended: null, quality: 'steady', ...changes }, terminal),
    );

  it('lists each model with sizes, speed and state', () => {
    const rows = print().slice(3, 6);
    expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual([
      [
        'llava-onevision-0.5b',
        '0.9 B',
        '10',
        'mixed',
        '1.2 GB',
        '1.6 GB',
        '12 s',
        '30.2',
        'installed (int8)',
      ],
      ['vl-7b', '8.9 B', '35', 'mixed', 'about 1.2 GB', 'about 1.6 GB', '12 s', '30.2', 'fits'],
      ['40b', '40.4 B', '35', 'mixed', '1.2 GB', '1.6 GB', '-', '8.00', 'too little memory'],
    ]);
  });

  it('says which one to take, and what it needs', () => {
    const text = print({ recommended: estimate('vl-7b') }).join('\n');
    expect(text).toContain('Take vl-7b: npx salamandra pull vl-7b --precision mixed\n');
    expect(text).toContain(
      '35 languages, about 12 s a picture, 1.6 GB of memory, 1.8 GB to download, 1.2 GB on disk.',
    );
    expect(text).toContain('The model is gated');
  });

  it('names the command that serves an installed model', () => {
    const recommended = estimate('eurovlm-1.7b', { installed: ['mixed'] });
    expect(print({ recommended }).join('\n')).toContain(
      'npx salamandra serve --model eurovlm-1.7b',
    );
  });

  it.each([
    ['disturbed', 'models are faster on an idle machine'],
    ['earlier', 'the speeds are from an earlier one'],
  ] as const)('says that a measurement is %s', (quality, note) => {
    expect(print({ quality }).join('\n')).toContain(note);
    expect(print().join('\n')).not.toContain(note);
  });

  it('says why speeds are missing', () => {
    const text = print({ estimates: [estimate('vl-7b', { speed: null })] }).join('\n');
    expect(text).toContain('needs 1 GB of disk space');
    expect(text).toContain('No model for images is recommended');
  });
});

it('prints the same as JSON', () => {
  const survey = {
    estimates: [estimate('eurovlm-1.7b')],
    recommended: estimate('eurovlm-1.7b'),
    quality: 'steady',
  } as const;
  const report = { measured: [DISTURBED], tooLarge: [], recommendation: SETTINGS };
  const json = doctorJson({ machine: MACHINE, installed: [], report, survey });

  expect(JSON.parse(JSON.stringify(json))).toMatchObject({
    machine: {
      processor: 'test',
      logical_cores: 8,
      memory_bytes: 16e9,
      has_ffmpeg: false,
      has_decoder_limits: true,
    },
    measured: [{ model: 'demo', quality: 'disturbed', slowdown: 3, decode_tokens_per_second: 500 }],
    settings: { precision: 'int8', threads: 2 },
    models: [
      {
        ...{ name: 'eurovlm-1.7b', repository: 'utter-project/EuroVLM-1.7B-Preview' },
        ...{ precision: 'mixed', fit: 'fits', sizes: 'estimated', memory_bytes: 1.6e9 },
        ...{ seconds_per_picture: 12.34, tokens_per_second: 30.21, speed: 'projected' },
        languages: expect.arrayContaining(['ca', 'mt', 'pt']) as unknown,
      },
    ],
    estimates: 'steady',
    recommended_model: 'eurovlm-1.7b',
  });
});
