/** Where this checkout is, and where its files lie. */
import { fileURLToPath } from 'node:url';

export const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** Everything that a run leaves behind: the embedded database and logs. */
export const dataFolder = fileURLToPath(new URL('../../../.data/', import.meta.url));
