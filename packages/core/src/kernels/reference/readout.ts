/**
 * The output's side of a network: what it reads, what its error is.
 *
 *   squared error           C = ½ Σ (y − o)²              ∂C/∂o = o − y
 *   softmax cross-entropy   p = softmax(Wᵀ r + b),  C = −Σ y ln p      ∂C/∂r = W (p − y)
 *
 * Both continue into the complex plane; there is no modulus in them. r are states as they are, or scaled where layers
 * learn by goodness.
 */
import { addBiases } from './drive.ts';
import { clear, type Field } from './field.ts';
import type { Layout, Link } from './layout.ts';

/** p of the states `below` the read-out into `into`, [batch, classes]. */
export function readSoftmax(layout: Layout, below: Field, into: Field, samples: number): void {
  const layer = layout.units.length - 1;
  const classes = layout.units[layer];
  const { operator, weights } = readoutLink(layout);
  clear(into);
  addBiases(layout, layer, into.re, samples);
  operator.forward(weights, below, into, samples);
  const { re, im } = into;
  for (let first = 0; first < samples * classes; first += classes) {
    let top = re[first];
    for (let i = first; i < first + classes; i++) top = Math.max(top, re[i]);
    let sumRe = 0;
    let sumIm = 0;
    for (let i = first; i < first + classes; i++) {
      const size = Math.exp(re[i] - top);
      const angle = im === undefined ? 0 : im[i];
      re[i] = size * Math.cos(angle);
      sumRe += re[i];
      if (im === undefined) continue;
      im[i] = size * Math.sin(angle);
      sumIm += im[i];
    }
    const square = sumRe * sumRe + sumIm * sumIm;
    for (let i = first; i < first + classes; i++) {
      const eRe = re[i];
      const eIm = im === undefined ? 0 : im[i];
      re[i] = (eRe * sumRe + eIm * sumIm) / square;
      if (im !== undefined) im[i] = (eIm * sumRe - eRe * sumIm) / square;
    }
  }
}

/** ∂C/∂s of the last settling layer into `into`. `probabilities`: scratch for a softmax, [batch, classes]. */
export function costGradientOf(layout: Layout, state: Field, probabilities: Field, into: Field, samples: number): void {
  const { labels, network, lastSettling, units } = layout;
  if (network.readout === 'squared-error') {
    const count = samples * units[lastSettling];
    for (let i = 0; i < count; i++) into.re[i] = state.re[i] - labels[i];
    if (state.im !== undefined && into.im !== undefined) into.im.set(state.im.subarray(0, count));
    return;
  }
  const errors = state.im === undefined ? { re: probabilities.re, im: undefined } : probabilities;
  readSoftmax(layout, state, errors, samples);
  const count = samples * units[units.length - 1];
  for (let i = 0; i < count; i++) errors.re[i] -= labels[i];
  const { operator, weights } = readoutLink(layout);
  clear(into);
  operator.backward(weights, state, errors, into, samples);
}

/** The connection into a softmax read-out, always the last. */
export function readoutLink(layout: Layout): Link {
  return layout.links[layout.links.length - 1];
}
