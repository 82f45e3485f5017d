import { describe, expect, it } from 'vitest';
import { openLink } from '../../host/link/open.js';
import { splitCommand } from '../../host/link/child-link.js';
import { ascii, Listener } from './echo.js';
import { isRunning } from './processes.js';

const node = `"${process.execPath}"`;
const program = (code: string): string => `exec:${node} -e "${code}"`;
const echo = program(`console.error('pid', process.pid); process.stdin.pipe(process.stdout)`);

describe('a command line', () => {
  it.each([
    ['./node --name one', ['./node', '--name', 'one']],
    ['  a   b ', ['a', 'b']],
    ['"/path with spaces/node" "" x', ['/path with spaces/node', '', 'x']],
    ['a" b"c', ['a bc']],
    ['a\\ b "c\\"d\\\\"', ['a b', 'c"d\\']],
    ['', []],
  ])('%j has the words %j', (command, words) => {
    expect(splitCommand(command)).toEqual(words);
  });
});

describe('a child process', () => {
  it('is spoken to over stdio, logs on stderr, and ends with its link alone', async () => {
    const logs: string[] = [];
    const link = await openLink(echo, { onLog: (line) => logs.push(line) });
    const other = await openLink(echo);
    const [listener, otherListener] = [new Listener(link), new Listener(other)];
    await link.write(ascii('hello '));
    await link.write(ascii('there'));
    expect(await listener.take(11)).toBe('hello there');
    const pid = Number(logs[0].split(' ')[1]);
    expect(isRunning(pid)).toBe(true);
    await link.close();
    expect(isRunning(pid)).toBe(false);
    expect(listener.closings).toEqual(['closed here']);
    await other.write(ascii('still here'));
    expect(await otherListener.take(10)).toBe('still here');
    await other.close();
  });

  it('that ends by itself closes the link once, after its last bytes, and says how', async () => {
    const link = await openLink(program(`process.stdout.write('bye'); process.exitCode = 3`));
    const listener = new Listener(link);
    expect(await listener.closed()).toBe(`${process.execPath} ended with exit code 3`);
    expect(await listener.take(3)).toBe('bye');
    await link.close();
    expect(listener.closings).toHaveLength(1);
    await expect(link.write(ascii('x'))).rejects.toMatchObject({ code: 'ERR_LINK' });
  });

  it('inherits the environment but for the settings of this command', async () => {
    process.env['LINNET_MQTT'] = 'mqtt://elsewhere';
    const link = await openLink(program(`console.log(process.env.PATH, process.env.LINNET_MQTT)`));
    const expected = `${process.env['PATH']} undefined`;
    expect(await new Listener(link).take(expected.length)).toBe(expected);
    await link.close();
    delete process.env['LINNET_MQTT'];
  });

  it('that ignores SIGTERM is killed', async () => {
    const logs: string[] = [];
    const deaf = program(
      `process.on('SIGTERM', () => console.error('no')); console.error(process.pid); setInterval(() => 0, 1000)`,
    );
    const link = await openLink(deaf, { onLog: (line) => logs.push(line) });
    while (logs.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await link.close();
    expect(logs).toEqual([logs[0], 'no']);
    expect(isRunning(Number(logs[0]))).toBe(false);
  });

  it('that does not exist is ERR_LINK, none at all ERR_USAGE', async () => {
    await expect(openLink('exec:./no-such-program')).rejects.toMatchObject({
      code: 'ERR_LINK',
      message: expect.stringContaining('./no-such-program') as string,
    });
    await expect(openLink('exec: ')).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });
});
