import { connect, type NetConnectOpts } from 'node:net';
import { LinnetError } from '../contract/error.js';
import type { Link } from './link.js';
import { linkOfDuplex } from './stream-link.js';

function connectSocket(description: string, target: NetConnectOpts): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = connect(target);
    const fail = (error: Error): void => {
      reject(new LinnetError('ERR_LINK', `${description}: ${error.message}`, { source: error }));
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.setNoDelay(true);
      resolve(linkOfDuplex(description, socket));
    });
  });
}

/** `unix:///path` or `tcp://host:port`. Throws ERR_USAGE or ERR_LINK. */
export async function openSocketLink(port: string): Promise<Link> {
  const path = /^unix:\/\/(.+)$/.exec(port)?.[1];
  if (path !== undefined) return connectSocket(port, { path });
  const match = /^tcp:\/\/(\[[^\]]+\]|[^:/]+):(\d+)$/.exec(port);
  if (!match || Number(match[2]) > 65535) {
    throw new LinnetError('ERR_USAGE', `"${port}" is not the address of a socket`, {
      remedy: 'write unix:///path or tcp://host:port, such as tcp://192.168.0.7:4000',
    });
  }
  return connectSocket(port, { host: match[1].replace(/[[\]]/g, ''), port: Number(match[2]) });
}
