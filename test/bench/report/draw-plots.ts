import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { importPeer } from '../peers/load-peer.js';
import { LANGUAGE_COUNTS } from '../rows/engine-rows.js';
import type { RowResult } from './evaluate-rows.js';

interface VegaLite {
  compile(specification: object): { readonly spec: object };
}
interface Vega {
  parse(specification: object): object;
  readonly View: new (runtime: object, options: object) => { toSVG(): Promise<string> };
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly series: string;
}

/** A plot of the results, in the file `plots/NAME.svg`. */
export interface Plot {
  readonly name: string;
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly points: readonly Point[];
}

const SERVICE = 'this service';
const LLAMA = 'node-llama-cpp';
const TRANSFORMERS = 'transformers.js';
/** The color-blind safe palette of Okabe and Ito. */
const COLOURS: Readonly<Record<string, string>> = {
  [SERVICE]: '#0072B2',
  [LLAMA]: '#D55E00',
  [TRANSFORMERS]: '#009E73',
  'int8, this service': '#0072B2',
  fp32: '#767676',
  'one request': '#0072B2',
  'one request per language': '#767676',
};
const [WIDTH, HEIGHT] = [420, 240];
const FONT = 'Helvetica, Arial, sans-serif';
const INK = '#333333';

export function choosePlots(results: readonly RowResult[]): Plot[] {
  const value = (name: string, key: 'service' | 'llama' | 'transformers' | 'compared') =>
    results.find((result) => result.name === name)?.[key] ?? NaN;
  const against = (xs: readonly number[], nameOf: (x: number) => string): Point[] =>
    xs.flatMap((x) => [
      { x, y: value(nameOf(x), 'service'), series: SERVICE },
      { x, y: value(nameOf(x), 'llama'), series: LLAMA },
      { x, y: value(nameOf(x), 'transformers'), series: TRANSFORMERS },
    ]);
  const lengths = [64, 770, 2_000, 4_000];
  const tokensPerSecond = 'tokens/s';
  return [
    {
      ...{ name: 'prompt-length', title: 'Prefill, 2B shape' },
      ...{ xTitle: 'prompt tokens', yTitle: tokensPerSecond },
      points: against(lengths, (x) => `prefill-${x}`),
    },
    {
      ...{ name: 'context-length', title: 'Decode of one sequence, 2B shape' },
      ...{ xTitle: 'context tokens', yTitle: tokensPerSecond },
      points: against(lengths, (x) => `decode-${x}`),
    },
    {
      ...{ name: 'batch', title: 'Decode of a batch, 2B shape' },
      ...{ xTitle: 'sequences in the batch', yTitle: `${tokensPerSecond}, all sequences` },
      points: against([1, 4, 8], (x) => (x === 1 ? 'decode-770' : `sequences-${x}`)),
    },
    {
      ...{ name: 'tiles', title: 'Encoding of an image, so400m shape' },
      ...{ xTitle: 'tiles', yTitle: 'seconds' },
      points: [1, 5, 10].flatMap((x) => [
        { x, y: x / value(`tiles-${x}`, 'service'), series: 'int8, this service' },
        { x, y: x / value(`tiles-${x}`, 'compared'), series: 'fp32' },
      ]),
    },
    {
      ...{ name: 'languages', title: 'Captions of an image in several languages, 2B shape' },
      ...{ xTitle: 'languages', yTitle: 'seconds' },
      points: LANGUAGE_COUNTS.flatMap((x) => [
        { x, y: value(`languages-${x}`, 'service'), series: 'one request' },
        { x, y: value(`languages-${x}`, 'compared'), series: 'one request per language' },
      ]),
    },
  ];
}

/** Writes the plots as SVG files that are legible on light and dark pages. */
export async function drawPlots(plots: readonly Plot[], folder: string): Promise<void> {
  const vega = await importPeer<Vega>('vega');
  const vegaLite = await importPeer<VegaLite>('vega-lite');
  mkdirSync(folder, { recursive: true });
  for (const plot of plots) {
    const { spec } = vegaLite.compile(specify(plot));
    const svg = await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
    writeFileSync(join(folder, `${plot.name}.svg`), `${svg}\n`);
  }
}

/** The place of a label beside its point, so that the labels of close lines do not overlap. */
const LABELS = {
  above: { dy: -11 },
  below: { dy: 14 },
  right: { dx: 9, dy: 3, align: 'left' },
} as const;

/** The lowest label of a column is below its point, or beside it near the axis. The others are above. */
function placeLabels(
  points: readonly Point[],
): (Point & { readonly label: keyof typeof LABELS })[] {
  const highest = Math.max(...points.map(({ y }) => y));
  return points.map((point) => {
    const isLowest = points.every(({ x, y }) => x !== point.x || y >= point.y);
    const isAlone = points.every((other) => other === point || other.x !== point.x);
    if (isAlone || !isLowest) return { ...point, label: 'above' };
    return { ...point, label: point.y < highest / 10 ? 'right' : 'below' };
  });
}

function specify({ title, xTitle, yTitle, points }: Plot): object {
  const values = placeLabels(points.filter(({ y }) => Number.isFinite(y)));
  const series = [...new Set(values.map((point) => point.series))];
  const last = Math.max(...values.map(({ x }) => x));
  const highest = Math.max(...values.map(({ y }) => y));
  const x = {
    field: 'x',
    type: 'quantitative',
    title: xTitle,
    scale: { domain: [0, last] },
    axis: { values: [...new Set(values.map((point) => point.x))], format: ',d' },
  };
  const y = {
    ...{ field: 'y', type: 'quantitative', title: yTitle },
    scale: { domain: [0, 1.12 * highest], nice: false },
  };
  const color = {
    field: 'series',
    type: 'nominal',
    title: null,
    scale: { domain: series, range: series.map((name) => COLOURS[name] ?? INK) },
    legend: { orient: 'top', direction: 'horizontal', symbolType: 'circle', labelLimit: 0 },
  };
  return {
    ...{ width: WIDTH, height: HEIGHT, padding: 14, background: '#ffffff' },
    title: { text: title, anchor: 'start', fontSize: 15, color: INK, offset: 10 },
    data: { values },
    layer: [
      { mark: { type: 'line', strokeWidth: 2.5 }, encoding: { x, y, color } },
      { mark: { type: 'point', filled: true, size: 60, opacity: 1 }, encoding: { x, y, color } },
      ...Object.entries(LABELS).map(([label, place]) => ({
        transform: [{ filter: { field: 'label', equal: label } }],
        mark: { type: 'text', fontSize: 11, ...place },
        encoding: { x, y, color, text: { field: 'y', type: 'quantitative', format: '.2~s' } },
      })),
    ],
    config: {
      font: FONT,
      view: { stroke: null },
      axis: {
        ...{ labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', labelColor: INK },
        ...{ titleColor: INK, gridColor: '#e6e6e6', domainColor: '#999999', tickColor: '#999999' },
      },
      axisX: { grid: false },
      legend: { labelFontSize: 12, labelColor: INK, symbolSize: 80 },
    },
  };
}
