/**
 * How large may the step of a gradient relaxation be?
 *
 *   s ← s − ε ∂E/∂s settles where ε · λ_max(∂²E/∂s²) < 2
 *   deep Hopfield        λ_max ≈ 1 + L² λ(C)
 *   prediction errors    λ_max ≈ (1 + L λ(C))²
 *
 * C is the symmetric matrix of all couplings between settling layers, L the steepest slope of ρ; what ρ's curvature adds where
 * a unit is driven hard is left out.
 *
 * λ(C) is found by Lanczos' iteration, from below: exactly where there are few units, closely where there are
 * many. The couplings of a layered net have a symmetric spectrum ±λ, so that the bound is reached where units sit on the
 * steepest part of their activation, which for a hard sigmoid is everywhere inside its range.
 */
import type { ParameterValues, Values } from '../kernels/kernel-set.ts';
import {
  activationOf,
  type Connection,
  feedsBack,
  type LayerShape,
  lastSettlingLayer,
  type NetworkDescription,
  unitsOf,
} from '../kernels/network.ts';

/** As many vectors of all units are held at once. */
const ITERATIONS = 40;
/** A direction shorter than this share of what it was cut from is rounding. */
const ROUNDING = 1e-10;
const BISECTIONS = 60;

/** Products of one step of the iteration beyond which the bound is not worth its time and memory. */
const MOST_PRODUCTS = 5e7;
const MOST_UNITS = 3e5;

/**
 * The largest step size that settles with units on their steepest slope. Undefined where steps are not along a gradient,
 * where poolings make couplings depend on states, and for networks too large to look into.
 */
export function stepSizeBound(network: NetworkDescription, parameters: ParameterValues): number | undefined {
  const { dynamics } = network;
  if (dynamics.kind !== 'energy-gradient' && dynamics.kind !== 'prediction-error') return undefined;
  const radius = couplingRadius(network, parameters);
  if (radius === undefined) return undefined;
  const steepest = steepestSlope(network);
  return dynamics.kind === 'energy-gradient'
    ? 2 / (1 + steepest * steepest * radius)
    : 2 / (1 + steepest * radius) ** 2;
}

/** L over all layers that settle; outputs may have an activation of their own. */
function steepestSlope(network: NetworkDescription): number {
  const settling = Array.from({ length: lastSettlingLayer(network) }, (_, k) => k + 1);
  return Math.max(...settling.map((layer) => activationOf(network, layer).steepest));
}

/** λ(C), the largest |eigenvalue| of the couplings between settling layers. */
export function couplingRadius(network: NetworkDescription, { weights }: ParameterValues): number | undefined {
  const { layers, connections } = network;
  if (connections.some((c) => c.kind === 'convolution' && c.pooling !== undefined)) return undefined;
  const last = lastSettlingLayer(network);
  const units = layers.map((shape, layer) => (layer > 0 && layer <= last ? unitsOf(shape) : 0));
  const products = connections.map((connection, k) => {
    const positions = connection.kind === 'dense' ? 1 : layers[connection.to][1] * layers[connection.to][2];
    return feedsBack(network, connection) ? weights[k].length * positions : 0;
  });
  if (sumOf(units) > MOST_UNITS || sumOf(products) > MOST_PRODUCTS) return undefined;
  // A fixed start with all directions in it; the golden ratio's multiples never repeat.
  let vector = units.map((count, layer) =>
    Float64Array.from({ length: count }, (_, i) => 0.5 + (((i + 1) * 0.6180339887 + layer * 0.37) % 1)),
  );
  const basis: (readonly Float64Array[])[] = [];
  const diagonal: number[] = [];
  const beside: number[] = [];
  while (basis.length < ITERATIONS) {
    const length = Math.sqrt(inner(vector, vector));
    const direction = vector.map((part) => part.map((x) => x / length));
    basis.push(direction);
    const image = direction.map((part) => new Float64Array(part.length));
    connections.forEach((connection, k) => {
      if (feedsBack(network, connection)) couple(network, connection, weights[k], direction, image);
    });
    diagonal.push(inner(image, direction));
    const whole = Math.sqrt(inner(image, image));
    // Twice, because rounding in the first pass brings the directions of the past back.
    for (const past of [...basis, ...basis]) subtract(image, past, inner(image, past));
    const left = Math.sqrt(inner(image, image));
    if (!(left > ROUNDING * whole)) break;
    beside.push(left);
    vector = image;
  }
  const opposite = diagonal.map((entry) => -entry);
  return Math.max(0, largestEigenvalue(diagonal, beside), largestEigenvalue(opposite, beside));
}

/** Of a symmetric matrix with nothing but its diagonal and the entries beside it, by Sturm's count of signs. */
function largestEigenvalue(diagonal: readonly number[], beside: readonly number[]): number {
  let high = diagonal.reduce((most, entry, k) => Math.max(most, entry + (beside[k - 1] ?? 0) + (beside[k] ?? 0)), 0);
  let low = -high;
  for (let bisection = 0; bisection < BISECTIONS; bisection++) {
    const middle = (low + high) / 2;
    let pivot = 1;
    const isAbove = diagonal.some((entry, k) => {
      const before = k === 0 ? 0 : beside[k - 1] ** 2 / pivot;
      pivot = entry - middle - before;
      return pivot > 0;
    });
    if (isAbove) low = middle;
    else high = middle;
  }
  return low;
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function inner(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  let sum = 0;
  a.forEach((part, layer) => {
    const other = b[layer];
    for (let i = 0; i < part.length; i++) sum += part[i] * other[i];
  });
  return sum;
}

/** vector -= factor · direction. */
function subtract(vector: readonly Float64Array[], direction: readonly Float64Array[], factor: number): void {
  vector.forEach((part, layer) => {
    const other = direction[layer];
    for (let i = 0; i < part.length; i++) part[i] -= factor * other[i];
  });
}

/** image += C vector, for one connection in both directions. */
function couple(
  { layers }: NetworkDescription,
  connection: Connection,
  weights: Values,
  vector: readonly Float64Array[],
  image: readonly Float64Array[],
): void {
  const { from, to } = connection;
  const visit = (weight: number, below: number, above: number) => {
    image[to][above] += weight * vector[from][below];
    image[from][below] += weight * vector[to][above];
  };
  if (connection.kind === 'dense') {
    let k = 0;
    for (let below = 0; below < vector[from].length; below++) {
      for (let above = 0; above < vector[to].length; above++) visit(weights[k++], below, above);
    }
    return;
  }
  eachPair(connection, layers[from], layers[to], (k, below, above) => {
    visit(weights[k], below, above);
  });
}

function eachPair(
  { kernelSize, stride, padding }: Extract<Connection, { kind: 'convolution' }>,
  [belowChannels, height, width]: LayerShape,
  [aboveChannels, rows, columns]: LayerShape,
  visit: (weight: number, below: number, above: number) => void,
): void {
  for (let weight = 0; weight < aboveChannels * belowChannels * kernelSize * kernelSize; weight++) {
    const u = weight % kernelSize;
    const v = Math.floor(weight / kernelSize) % kernelSize;
    const channel = Math.floor(weight / (kernelSize * kernelSize)) % belowChannels;
    const out = Math.floor(weight / (kernelSize * kernelSize * belowChannels));
    for (let row = 0; row < rows; row++) {
      const y = row * stride + v - padding;
      if (y < 0 || y >= height) continue;
      for (let column = 0; column < columns; column++) {
        const x = column * stride + u - padding;
        if (x < 0 || x >= width) continue;
        visit(weight, (channel * height + y) * width + x, (out * rows + row) * columns + column);
      }
    }
  }
}
