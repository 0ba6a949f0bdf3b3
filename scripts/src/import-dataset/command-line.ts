/** What is to be imported, and for whom? The command line, checked. */
import { parseArgs } from 'node:util';

export type DatasetSource =
  | {
      readonly format: 'idx';
      readonly trainImages: string;
      readonly trainLabels: string;
      readonly testImages: string;
      readonly testLabels: string;
    }
  | { readonly format: 'cifar10'; readonly train: readonly string[]; readonly test: readonly string[] };

export interface ImportRequest {
  readonly organisation: string;
  readonly project: string;
  readonly name: string;
  readonly source: DatasetSource;
  /** Undefined: what the format says, or else the largest label + 1. */
  readonly classes: number | undefined;
}

export const USAGE = `npm run -s dataset -- --name NAME --format idx --train-images FILE --train-labels FILE --test-images FILE --test-labels FILE
npm run -s dataset -- --name NAME --format cifar10 --train FILE,FILE,... --test FILE,...
  --organisation ORGANISATION (my-lab)  --project PROJECT (first-steps)  --classes NUMBER (largest label + 1)
Files may be gzip'd.`;

/** As jobs have it: a name that no job can name would be of no use. */
const LONGEST_NAME = 200;
/** Labels are bytes. */
const MOST_CLASSES = 256;

type Options = Readonly<Record<string, string | undefined>>;

/** Throws Error, with the reason in one line, on anything that is not a complete request. */
export function parseCommandLine(args: readonly string[]): ImportRequest {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      organisation: { type: 'string', default: 'my-lab' },
      project: { type: 'string', default: 'first-steps' },
      name: text,
      format: text,
      classes: text,
      'train-images': text,
      'train-labels': text,
      'test-images': text,
      'test-labels': text,
      train: text,
      test: text,
    },
  });
  const name = given(values, 'name');
  if (name.length > LONGEST_NAME || !name.isWellFormed()) {
    throw new RangeError(`--name has at most ${LONGEST_NAME} characters of well-formed Unicode`);
  }
  return {
    organisation: given(values, 'organisation'),
    project: given(values, 'project'),
    name,
    source: sourceFrom(values),
    classes: values.classes === undefined ? undefined : classesFrom(values.classes),
  };
}

function sourceFrom(values: Options): DatasetSource {
  const format = given(values, 'format');
  switch (format) {
    case 'idx':
      refuse(values, ['train', 'test'], format);
      return {
        format,
        trainImages: given(values, 'train-images'),
        trainLabels: given(values, 'train-labels'),
        testImages: given(values, 'test-images'),
        testLabels: given(values, 'test-labels'),
      };
    case 'cifar10':
      refuse(values, ['train-images', 'train-labels', 'test-images', 'test-labels'], format);
      return { format, train: given(values, 'train').split(','), test: given(values, 'test').split(',') };
    default:
      throw new RangeError(`--format is idx or cifar10, not ${format}`);
  }
}

function given(values: Options, option: string): string {
  const value = values[option];
  if (value === undefined || value === '') throw new RangeError(`--${option} is missing`);
  return value;
}

function refuse(values: Options, options: readonly string[], format: string): void {
  const foreign = options.find((option) => values[option] !== undefined);
  if (foreign !== undefined) throw new RangeError(`--${foreign} does not go with --format ${format}`);
}

function classesFrom(text: string): number {
  const classes = Number(text);
  if (!/^\d+$/.test(text) || classes < 2 || classes > MOST_CLASSES) {
    throw new RangeError(`--classes is a whole number from 2 to ${MOST_CLASSES}, not ${text}`);
  }
  return classes;
}
