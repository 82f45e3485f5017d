/**
 * A bridge in a process of its own, to be killed: `run-bridge.ts OPTIONS`, in JSON; it kills itself at
 * LINNET_FAULT_POINT="name:count".
 */
import { Bridge, type BridgeOptions } from '../../host/bridge/bridge.js';
import { fatalPoint } from '../e2e/fatal-point.js';

const options = JSON.parse(process.argv[2]) as BridgeOptions;
await new Bridge({
  ...options,
  faultPoint: fatalPoint(process.env.LINNET_FAULT_POINT),
  events: { onRefusal: (node, error) => console.error(`${node}: ${error.message}`) },
}).run();
