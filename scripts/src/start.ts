/** `npm start`: the stack stays up until Ctrl+C. */
import process from 'node:process';
import { launchStack } from './stack/launch-stack.ts';
import { dataFolder } from './stack/project-root.ts';

const say = (text: string) => console.log(`settle: ${text}`);

const stack = await launchStack({
  folder: dataFolder,
  wantedPort: Number(process.env.PORT ?? 3_000),
  note: say,
});
say(`API      ${stack.url}`);
say(`Docs     ${stack.url}/docs`);
say(`Logs     ${stack.logFolder}`);
say('Key      npm run key -- --organisation my-lab --project first-steps   (in another terminal)');
say('Stop     Ctrl+C');

let stopping = false;
const stop = async (code: number) => {
  if (stopping) return;
  stopping = true;
  say('stopping; running jobs are handed back');
  await stack.stop();
  process.exit(code);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
for (const service of [stack.api, stack.worker]) {
  void service.ended.then(() => {
    if (!stopping) say(`the ${service.name} has ended; see ${service.logFile}`);
    return stop(1);
  });
}
