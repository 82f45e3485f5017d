/** A bridge in a process of its own, to be killed: `run-bridge.ts URL FEDERATION PORT`. */
import { Bridge } from '../../host/bridge/bridge.js';

const [url, federation, port] = process.argv.slice(2);
await new Bridge({ federation, mqtt: { url }, devices: [{ port }] }).run();
