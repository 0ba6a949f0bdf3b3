/** x ln x with its limit 0 at 0, of which the potentials of the sigmoids are made. */
export function entropyTerm(x: number): number {
  return x === 0 ? 0 : x * Math.log(x);
}
