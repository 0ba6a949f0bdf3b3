/** Complex numbers, where nudging strengths and states leave the real line. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** Where a function of a complex number writes its answer, so that inner loops allocate nothing. */
export interface ComplexResult {
  re: number;
  im: number;
}

/** `radius` · e^(2πi · `turns`); whole quarter turns are exact. */
export function onCircle(radius: number, turns: number): Complex {
  const quarters = 4 * turns;
  if (Number.isInteger(quarters)) {
    const side = ((quarters % 4) + 4) % 4;
    return { re: side === 0 ? radius : side === 2 ? -radius : 0, im: side === 1 ? radius : side === 3 ? -radius : 0 };
  }
  return { re: radius * Math.cos(2 * Math.PI * turns), im: radius * Math.sin(2 * Math.PI * turns) };
}
