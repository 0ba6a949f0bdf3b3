/**
 * `node scripts/run.mjs demo/demo [arguments]`: sets up what is missing, then runs the built script of that name in this
 * very process. The packages may not exist before set-up, hence the dynamic import.
 */
import process from 'node:process';

const began = Date.now();
await import('./setup.mjs');
// For figures that count the whole command, set-up included.
process.env.SETTLE_BEGAN_AT_MS ??= String(began);
const [entry] = process.argv.splice(2, 1);
await import(new URL(`./dist/${entry}.js`, import.meta.url).href);
