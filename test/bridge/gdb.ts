import { connect, type Socket } from 'node:net';

const checksum = (text: string): string =>
  [...text]
    .reduce((sum, char) => (sum + char.charCodeAt(0)) & 0xff, 0)
    .toString(16)
    .padStart(2, '0');

/** Sends some bytes of GDB's remote protocol; resolves with the packet that answers. */
function exchange(socket: Socket, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const take = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      const answer = /\$([^#]*)#../.exec(text);
      if (!answer) return;
      socket.off('data', take);
      socket.write('+');
      resolve(answer[1]);
    };
    socket.on('data', take);
    socket.once('error', reject);
    socket.write(bytes);
  });
}

const packet = (command: string): string => `$${command}#${checksum(command)}`;

/** Lets the processor behind a GDB stub go on at `address`, as a wild jump would. */
export async function jumpTo(port: number, address: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  // While the processor runs, any byte does no more than stop it.
  await exchange(socket, '\x03');
  // Single registers can be written once somebody has asked which there are.
  await exchange(socket, packet('qXfer:features:read:target.xml:0,ffb'));
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(address);
  const answer = await exchange(socket, packet(`Pf=${bytes.toString('hex')}`));
  if (answer !== 'OK') throw new Error(`the stub answered "${answer}"`);
  await exchange(socket, packet('D'));
  socket.destroy();
}
