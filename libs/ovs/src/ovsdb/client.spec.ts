/** The cache against a real ovsdb-server whose messages arrive together. */
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RealOvs } from '../testing/real-ovs.js';
import { OvsdbClient } from './client.js';

let ovs: RealOvs;
let way: Way;
let client: OvsdbClient;

beforeAll(async () => {
  ovs = await RealOvs.start();
  await ovs.vsctl('add-br', 'br0');
  way = await Way.open(ovs.databaseSocket, `${ovs.databaseSocket}.way`);
}, 60_000);

afterAll(async () => {
  await client.stop();
  way.close();
  await ovs.stop();
});

/** A way to a server. What comes back behind the answer to `monitor_cond` waits, and arrives with it in one piece. */
class Way {
  private waiting: Buffer[] = [];
  private holds = false;
  private deliver: () => void = () => undefined;
  private came: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    readonly path: string,
  ) {}

  static async open(target: string, path: string): Promise<Way> {
    const server = createServer();
    const way = new Way(server, path);
    server.on('connection', (client) => {
      const there = connect(target);
      client.on('data', (data: Buffer) => {
        way.holds ||= data.includes('monitor_cond');
        there.write(data);
      });
      there.on('data', (data: Buffer) => {
        if (!way.holds) client.write(data);
        else way.waiting.push(data);
        way.came();
      });
      way.deliver = () => client.write(Buffer.concat(way.waiting));
      for (const [one, other] of [
        [client, there],
        [there, client],
      ] as const)
        one.on('close', () => other.destroy()).on('error', () => undefined);
    });
    server.listen(path);
    await once(server, 'listening');
    return way;
  }

  /** Until what waits has these words. */
  async has(words: string): Promise<void> {
    while (!Buffer.concat(this.waiting).includes(words)) {
      await new Promise<void>((resolve) => {
        this.came = resolve;
      });
    }
  }

  release(): void {
    this.holds = false;
    this.deliver();
  }

  close(): void {
    this.server.close();
  }
}

test('a change that arrives together with the first state is the last word', async () => {
  const { promise: isUp, resolve } = Promise.withResolvers<unknown>();
  client = new OvsdbClient({
    socketPath: way.path,
    database: 'Open_vSwitch',
    watched: { Bridge: ['name', 'other_config'] },
    onState: resolve,
  });
  client.start();
  await way.has('"result"');
  await ovs.vsctl('set', 'bridge', 'br0', 'other_config:said=later');
  await way.has('update2');
  way.release();
  expect(await isUp).toBe('up');
  expect([...client.rows('Bridge').values()]).toEqual([
    expect.objectContaining({
      name: 'br0',
      other_config: expect.objectContaining({ said: 'later' }) as object,
    }),
  ]);
});
