/** Which environment variables does a process read, and what does it make of them? Asked of its own built reader. */
import { pathToFileURL } from 'node:url';

export type ProcessName = 'api' | 'worker';
export const PROCESS_NAMES: readonly ProcessName[] = ['api', 'worker'];

type Variables = Readonly<Record<string, string | undefined>>;

export interface ProcessEnvironment {
  readonly process: ProcessName;
  readonly variables: ReadonlySet<string>;
  /** The values the process would run with. Throws when `given` does not satisfy it. */
  read(given: Variables): unknown;
}

const READERS = {
  api: { entry: 'apps/api/dist/environment.js', reader: 'readApiEnvironment' },
  worker: { entry: 'apps/worker/dist/environment.js', reader: 'readWorkerEnvironment' },
} as const satisfies Record<ProcessName, { entry: string; reader: string }>;

export async function processEnvironment(root: string, process: ProcessName): Promise<ProcessEnvironment> {
  const { entry, reader } = READERS[process];
  // Loaded as built, as scripts/run.mjs loads scripts: scripts import no app (.dependency-cruiser.cjs).
  const loaded: unknown = await import(new URL(entry, pathToFileURL(`${root}/`)).href);
  const read = Object.entries(Object(loaded)).find(([name]) => name === reader)?.[1];
  if (typeof read !== 'function') throw new Error(`${entry} exports no ${reader}`);
  const readGiven = (given: Variables): unknown => Reflect.apply(read, undefined, [given]);

  const variables = new Set<string>();
  const recorder = new Proxy<Variables>(
    {},
    {
      get(_, name) {
        if (typeof name === 'string') variables.add(name);
        return undefined;
      },
    },
  );
  try {
    readGiven(recorder);
  } catch {
    // What is required is missing; all names have been asked for by then.
  }
  if (variables.size === 0) throw new Error(`${entry} asked for no variable by name`);
  return { process, variables, read: readGiven };
}
