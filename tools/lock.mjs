/** A lock between processes, for builds that must not run twice at once. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const retryMs = 50;

/** True if the process that wrote the lock is gone. An unreadable lock is being written or removed. */
function isStale(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function tryLock(path) {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isStale(path)) rmSync(path, { force: true });
    return false;
  }
}

/** Runs `action` while no other process holds the lock file at `path`. */
export async function withLock(path, action) {
  mkdirSync(dirname(path), { recursive: true });
  while (!tryLock(path)) await sleep(retryMs);
  try {
    return await action();
  } finally {
    rmSync(path, { force: true });
  }
}
