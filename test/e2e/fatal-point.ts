import { writeSync } from 'node:fs';

/** Kills this process, as kill -9 does, when it passes the point "name:count" for the count-th time. */
export function fatalPoint(setting: string | undefined): (name: string) => void {
  const [fatal, count] = (setting ?? ':0').split(':');
  let left = Number(count);
  return (name) => {
    if (name !== fatal || --left > 0) return;
    writeSync(2, `killed at ${name}\n`);
    process.kill(process.pid, 'SIGKILL');
    // The signal needs a moment; nothing may happen in it.
    for (;;);
  };
}
