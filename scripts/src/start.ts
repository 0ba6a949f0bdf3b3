/** `npm start`: the stack stays up until Ctrl+C. */
import process from 'node:process';
import { givenVariable } from './stack/given-variable.ts';
import { launchStack } from './stack/launch-stack.ts';
import { dataFolder } from './stack/project-root.ts';
import type { ServiceProcess } from './stack/service-process.ts';

const RESTART_MS = 1_000;

const say = (text: string) => console.log(`settle: ${text}`);

const stack = await launchStack({
  folder: dataFolder,
  wantedPort: Number(givenVariable('PORT') ?? 3_000),
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

/** A process that ends by itself is started again; its jobs go on from their last checkpoints. */
function keepRunning(service: ServiceProcess, startAgain: () => Promise<ServiceProcess>): void {
  void service.ended.then(async () => {
    if (stopping) return;
    say(`the ${service.name} has ended and is started again; see ${service.logFile}`);
    await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
    if (stopping) return;
    try {
      keepRunning(await startAgain(), startAgain);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      await stop(1);
    }
  });
}
keepRunning(stack.api, stack.startApi);
keepRunning(stack.worker, stack.startWorker);
