/** One line on a terminal that follows a job; plain lines, one per epoch, where there is no terminal. */
import type { FollowedEvent } from '@settle/client';

const BAR_CELLS = 24;

export interface ProgressLine {
  show(event: FollowedEvent): void;
  end(): void;
}

export function progressLine(stream: NodeJS.WriteStream): ProgressLine {
  let open = false;
  const clear = () => {
    if (open) stream.write('\r\x1b[K');
    open = false;
  };
  return {
    show(event) {
      switch (event.type) {
        case 'job.progress': {
          if (!stream.isTTY) return;
          const { fraction, epoch, epochs, test_accuracy, free_residual, images_per_second, eta_seconds } = event.data;
          const full = Math.round(fraction * BAR_CELLS);
          const bar = '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
          const accuracy = test_accuracy === null ? '' : `  accuracy ${percent(test_accuracy)}`;
          const residual = free_residual === null ? '' : `  residual ${free_residual.toExponential(1)}`;
          const left = eta_seconds === null ? '' : `  ${Math.ceil(eta_seconds)} s left`;
          clear();
          stream.write(
            `  ${bar} epoch ${epoch}/${epochs}${accuracy}${residual}  ${Math.round(images_per_second)} images/s${left}`,
          );
          open = true;
          return;
        }
        case 'job.epoch': {
          if (stream.isTTY) return;
          const { epoch, epochs, test_accuracy, free_residual } = event.data;
          stream.write(
            `  epoch ${epoch}/${epochs}  accuracy ${percent(test_accuracy)}  residual ${free_residual.toExponential(1)}\n`,
          );
          return;
        }
        case 'job.status':
          clear();
          stream.write(`  job ${event.data.status}\n`);
          return;
        case 'job.checkpoint':
          return;
        default:
          event satisfies never;
      }
    },
    end: clear,
  };
}

export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}
