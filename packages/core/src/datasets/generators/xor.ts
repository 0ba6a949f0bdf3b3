/** Exclusive or: two bits, each shown by `copies` features, and their parity as the label. No line separates it. */
import { bellShaped, type SampleSource } from './sample-source.ts';

const LOW = 0.125;
const HIGH = 0.875;

/** Features [bit a · copies, bit b · copies]. The four patterns come in turn. */
export function xor(copies: number, noise: number): SampleSource {
  return {
    shape: [2 * copies, 1, 1],
    classCount: 2,
    write(number, draws, values) {
      const a = (number >> 1) & 1;
      const b = number & 1;
      for (let i = 0; i < values.length; i++) {
        const bit = i < copies ? a : b;
        values[i] = (bit === 1 ? HIGH : LOW) + noise * bellShaped(draws, i);
      }
      return a ^ b;
    },
  };
}
