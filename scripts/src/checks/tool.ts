/** How is a tool of node_modules run by a check? By this very Node and without a shell; what it says is kept for later. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';

export interface ToolResult {
  readonly succeeded: boolean;
  readonly output: string;
}

export async function runTool(root: string, entry: string, args: readonly string[]): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, 'node_modules', entry), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ succeeded: code === 0, output: Buffer.concat(chunks).toString('utf8') }));
  });
}
