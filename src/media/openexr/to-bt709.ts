import { BT709, type Chromaticities } from './read-openexr.js';

type Vector = readonly [number, number, number];
type Matrix = readonly [Vector, Vector, Vector];

/** Adaptation to another white. Source: the Bradford matrix of ICC.1, annex E. */
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];

/** A function that converts a linear color in place from other primaries to those of BT.709. */
export function toBt709(
  chromaticities: Chromaticities | null,
): (color: [number, number, number]) => void {
  if (chromaticities === null) return () => undefined;
  const matrix = [
    invert(rgbToXyz(BT709)),
    adapt(whiteOf(chromaticities), whiteOf(BT709)),
    rgbToXyz(chromaticities),
  ].reduce(multiply);
  return (color) => {
    const [red, green, blue] = apply(matrix, color);
    color[0] = red;
    color[1] = green;
    color[2] = blue;
  };
}

/** Source: SMPTE RP 177. */
function rgbToXyz(chromaticities: Chromaticities): Matrix {
  const [xr, yr, xg, yg, xb, yb] = chromaticities as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const primaries: Matrix = [
    [xr, xg, xb],
    [yr, yg, yb],
    [1 - xr - yr, 1 - xg - yg, 1 - xb - yb],
  ];
  const scales = apply(invert(primaries), whiteOf(chromaticities));
  return primaries.map((row) => row.map((value, at) => value * (scales[at] as number))) as never;
}

function whiteOf(chromaticities: Chromaticities): Vector {
  const [x, y] = [chromaticities[6] ?? 0, chromaticities[7] ?? 1];
  return [x / y, 1, (1 - x - y) / y];
}

function adapt(from: Vector, to: Vector): Matrix {
  const [source, target] = [apply(BRADFORD, from), apply(BRADFORD, to)];
  const gains = [0, 1, 2].map((at) => (target[at] as number) / (source[at] as number));
  const scaled = BRADFORD.map((row, at) => row.map((value) => value * (gains[at] as number)));
  return multiply(invert(BRADFORD), scaled as never);
}

function apply(matrix: Matrix, vector: Vector): Vector {
  return matrix.map(([a, b, c]) => a * vector[0] + b * vector[1] + c * vector[2]) as never;
}

function multiply(left: Matrix, right: Matrix): Matrix {
  return left.map((row) =>
    [0, 1, 2].map((column) =>
      row.reduce((sum, value, at) => sum + value * ((right[at] as Vector)[column] as number), 0),
    ),
  ) as never;
}

/** By cofactors. */
function invert([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const cofactors: Matrix = [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ];
  return cofactors.map((row) => row.map((value) => value / determinant)) as never;
}
