/**
 * The embedded broker as a process of its own: `node broker-process.js [port]`. Prints one line of
 * JSON, {"url", "port"}, when it listens; ends on SIGTERM or SIGINT.
 */
import { startBroker } from './broker.js';

try {
  const broker = await startBroker({ port: Number(process.argv[2] ?? 0) });
  process.stdout.write(`${JSON.stringify({ url: broker.url, port: broker.port })}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void broker.close());
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
