import { startBroker } from '../../host/mqtt/broker.js';
import { hasMosquitto, startMosquitto, type TestBroker } from './mosquitto.js';

export interface BrokerCase {
  readonly name: string;
  readonly protocolVersion: 4 | 5;
  start(port?: number): Promise<TestBroker>;
}

/** Every broker and protocol version the fleet must work on. */
export const brokerCases: readonly BrokerCase[] = [
  {
    name: 'embedded broker, MQTT 3.1.1',
    protocolVersion: 4,
    start: (port = 0) => startBroker({ port }),
  },
  ...(hasMosquitto
    ? ([4, 5] as const).map((protocolVersion) => ({
        name: `mosquitto, MQTT ${protocolVersion === 4 ? '3.1.1' : '5'}`,
        protocolVersion,
        start: (port?: number) => startMosquitto(port === undefined ? {} : { port }),
      }))
    : []),
];
