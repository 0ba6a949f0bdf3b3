/** What numbers a field of an optimizer's description may hold. */
const RANGES = {
  'finite and >= 0': (value: number) => value >= 0 && Number.isFinite(value),
  'finite and > 0': (value: number) => value > 0 && Number.isFinite(value),
  'in [0, 1)': (value: number) => value >= 0 && value < 1,
  'in [0, 1]': (value: number) => value >= 0 && value <= 1,
  'in (0, 1]': (value: number) => value > 0 && value <= 1,
  'whole and >= 1': (value: number) => value >= 1 && Number.isSafeInteger(value),
};

/** Refuses a value outside the range, NaN among them, by a RangeError that names the field. */
export function checkField(field: string, value: number, range: keyof typeof RANGES): void {
  if (!RANGES[range](value)) throw new RangeError(`${field} is ${range}, got ${value}`);
}

/** The same for every entry of a list. */
export function checkList(field: string, values: readonly number[], range: keyof typeof RANGES): void {
  values.forEach((value, k) => {
    checkField(`${field}[${k}]`, value, range);
  });
}
