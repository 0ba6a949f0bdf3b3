/** What a figure was measured on. */
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import process from 'node:process';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly platform: string;
  readonly node: string;
  /** Widest vector instructions, as far as the system says. */
  readonly instructions: string;
}

/** `instructions`: what native kernels say that they found; undefined asks the system. */
export function thisMachine(instructions?: string | undefined): Machine {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() || 'unknown CPU',
    cores: availableParallelism(),
    platform: `${platform()} ${arch()}`,
    node: process.version,
    instructions: instructions ?? instructionsOf(arch(), processorFlags()),
  };
}

export const machineText = ({ cpu, cores, instructions, node }: Machine): string =>
  `${cpu}, ${cores} cores, ${instructions}, Node ${node}`;

/** `flags`: those that Linux lists for x86. */
export function instructionsOf(architecture: string, flags: ReadonlySet<string>): string {
  if (architecture === 'arm64') return 'neon';
  if (flags.has('avx512f')) return flags.has('amx_tile') ? 'avx512 amx' : 'avx512';
  if (flags.has('avx2') && flags.has('fma')) return 'avx2';
  return flags.size > 0 ? 'sse2' : 'unknown instructions';
}

function processorFlags(): ReadonlySet<string> {
  if (platform() !== 'linux') return new Set();
  const [, flags] = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
  return new Set(flags?.trim().split(/\s+/) ?? []);
}
