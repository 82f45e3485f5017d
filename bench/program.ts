/** The end of every benchmark that is a program and, for tests, a module too. */
import { fileURLToPath } from 'node:url';

/** Runs `main` if the module at `url` is the program; what it throws is one line and an exit code. */
export async function runProgram(url: string, main: () => Promise<void>): Promise<void> {
  if (process.argv[1] !== fileURLToPath(url)) return;
  try {
    await main();
  } catch (error) {
    console.error(`Nothing measured: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
