/** A process and the lines it speaks. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface SpeakingChild {
  say(line: string): void;
  /** The next line it says. Throws if it has ended. */
  hear(): Promise<string>;
  end(): void;
}

export function startChild(args: readonly string[]): SpeakingChild {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    say: (line) => void child.stdin.write(`${line}\n`),
    hear: async () => {
      const line = await lines.next();
      if (line.done) throw new Error(`${args[0]} ended early`);
      return line.value;
    },
    end: () => void child.kill(),
  };
}
