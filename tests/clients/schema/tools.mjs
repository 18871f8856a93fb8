// Running the tools of this package.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { here } from './files.mjs';

/** Runs a tool of node_modules; its status and everything that it printed. */
export function run(tool, ...parameters) {
  const program = path.join(here, 'node_modules/.bin', tool);
  const { status, error, stdout, stderr } = spawnSync(program, parameters, { cwd: here, encoding: 'utf8' });
  if (error) throw error;
  return { status, text: `${stdout}${stderr}` };
}

/** Runs a tool that must succeed. */
export function mustRun(tool, ...parameters) {
  const { status, text } = run(tool, ...parameters);
  if (status !== 0) throw new Error(`${tool} ends with ${status}:\n${text}`);
  return text;
}

/** Fails with these lines, if there are any. */
export function none(lines) {
  if (lines.length > 0) throw new Error(lines.join('\n'));
}
