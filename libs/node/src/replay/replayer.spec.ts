import { beforeEach, expect, test } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { ManualClock, silentLogger } from '@sluice/core';
import { Counter, Registry } from 'prom-client';
import { Replayer, type TunnelledFrame } from './replayer.js';

const mark = (egress: number, gateway: number): string => String(egress * 0x1_0000 + gateway);
const dump = [
  `tcp,orig=(src=10.244.1.5,dst=203.0.113.10,sport=46474,dport=9000),reply=(src=203.0.113.10,dst=10.244.1.5,sport=9000,dport=46474),zone=2,mark=${mark(7, 3)},protoinfo=(state=ESTABLISHED)`,
  `udp,orig=(src=fd00:244:1::5,dst=2001:db8:203::10,sport=5000,dport=53),reply=(src=2001:db8:203::10,dst=fd00:244:1::5,sport=53,dport=5000),zone=2,mark=${mark(7, 3)}`,
  `tcp,orig=(src=10.244.1.5,dst=203.0.113.10,sport=46475,dport=9000),reply=(src=203.0.113.10,dst=10.244.1.5,sport=9000,dport=46475),zone=2,mark=${mark(7, 4)},protoinfo=(state=ESTABLISHED)`,
  `tcp,orig=(src=10.244.1.6,dst=203.0.113.10,sport=1,dport=9000),reply=(src=203.0.113.10,dst=10.244.1.6,sport=9000,dport=1),zone=2,mark=${mark(8, 3)},protoinfo=(state=ESTABLISHED)`,
  'icmp,orig=(src=10.244.1.5,dst=203.0.113.10,id=1,type=8,code=0),reply=(src=203.0.113.10,dst=10.244.1.5,id=1,type=0,code=0),zone=2,mark=458755',
  'garbage',
].join('\n');

let sent: TunnelledFrame[] = [];
/** What the agent's switch remembers. */
let remembered: string;
let clock: ManualClock;
let replayer: Replayer;

beforeEach(() => {
  sent = [];
  remembered = dump;
  clock = new ManualClock();
  replayer = new Replayer({
    clock,
    logger: silentLogger,
    replayed: new Counter({ name: 'replayed', help: 'x', registers: [new Registry()] }),
    dump: () => Promise.resolve(remembered),
    send: (packets) => {
      sent.push(...packets);
      return Promise.resolve();
    },
  });
});

const egress = (serving: readonly number[]) => ({
  egresses: [{ egressId: 7, slot: 1024, serving }],
  slots: [{ slot: 1024, gateways: [3, 4, 5] }],
});
const heard = (...silent: readonly number[]) =>
  new Map([3, 4, 5].map((gateway) => [gateway, !silent.includes(gateway)]));

/** Time goes on, and what waits for it runs. */
async function pass(ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += 10) {
    clock.advance(10);
    await setImmediate();
  }
}
const targets = (): readonly (readonly [number, number])[] =>
  [...new Set(sent.map(({ node, tunnelId }) => `${node}/${tunnelId}`))].map((text) => {
    const [node = 0, tunnelId = 0] = text.split('/').map(Number);
    return [node, tunnelId];
  });

test('connections of a dead holder are shown to the new one', async () => {
  replayer.update(egress([3]));
  replayer.update(egress([4]));
  await replayer.settled();
  expect(sent.map(({ node, tunnelId }) => [node, tunnelId])).toEqual([
    [4, 0x06_0007],
    [4, 0x06_0007],
  ]);
  const [tcp, udp] = sent.map(({ frame }) => Buffer.from(frame).toString('hex'));
  // Checksums by hand: of the IPv4 header f2cc, of the segment 6f1e.
  expect(tcp).toBe(
    '025c00000001025c000000020800' +
      '450000280000400040' +
      '06f2cc0af40105cb00710a' +
      'b58a23280000000000000000501020006f1e0000',
  );
  expect(udp?.slice(24, 28)).toBe('86dd');
  expect(udp?.length).toBe((14 + 40 + 8) * 2);
});

test('those that nobody has answered yet are shown again, after one and five seconds', async () => {
  replayer.update(egress([3]));
  replayer.update(egress([4]));
  await pass(900);
  expect(sent).toHaveLength(2);
  await pass(200);
  expect(sent).toHaveLength(4);
  // An answer pins it to the new holder.
  remembered = dump.replace(mark(7, 3), mark(7, 4));
  await pass(10_000);
  expect(sent).toHaveLength(5);
});

test('nothing is shown again once the process ends', async () => {
  replayer.update(egress([3]));
  replayer.update(egress([4]));
  await replayer.settled();
  replayer.stop();
  await pass(6000);
  expect(sent).toHaveLength(2);
});

test.each([
  ['nothing changed', [3], [3]],
  ['a planned move, whose former holder still serves', [3], [4, 3]],
  ['the first word about the slot', [], [3]],
])('%s: nothing is sent', async (_name, before, after) => {
  replayer.update(egress(before));
  replayer.update(egress(after));
  await replayer.settled();
  expect(sent).toEqual([]);
});

test('connections of a gateway that BFD hears no longer go to its successor ahead, until the map has moved them', async () => {
  replayer.update(egress([3]));
  replayer.heard(heard());
  expect(sent).toEqual([]);
  replayer.heard(heard(3));
  await pass(100);
  expect(targets()).toEqual([[4, 0x06_0007]]);
  // Two connections, over and over.
  expect(sent.length).toBeGreaterThanOrEqual(4);

  replayer.update(egress([4]));
  await pass(100);
  await replayer.settled();
  sent = [];
  await pass(100);
  // Not every 40 ms any more.
  expect(sent).toEqual([]);
});

test('a successor that is silent too is passed over', async () => {
  replayer.update(egress([3]));
  replayer.heard(heard());
  replayer.heard(heard(3, 4));
  await pass(50);
  expect(targets()).toEqual([[5, 0x06_0007]]);
});

test('nobody is left: nothing is sent', async () => {
  replayer.update(egress([3]));
  replayer.heard(heard());
  replayer.heard(heard(3, 4, 5));
  await pass(50);
  await replayer.settled();
  expect(sent).toEqual([]);
});

test('connections of a former holder that dies go to the new one', async () => {
  replayer.update(egress([5, 3]));
  replayer.heard(heard());
  replayer.heard(heard(3));
  await pass(50);
  expect(targets()).toEqual([[5, 0x06_0007]]);
});

test.each([
  [
    'the gateway is heard again',
    0,
    () => {
      replayer.heard(heard());
    },
  ],
  [
    'the process ends',
    0,
    () => {
      replayer.stop();
    },
  ],
  ['two seconds are over', 2000, () => undefined],
])('it ends when %s', async (_name, ms, happens) => {
  replayer.update(egress([3]));
  replayer.heard(heard());
  replayer.heard(heard(3));
  await pass(50);
  expect(sent.length).toBeGreaterThan(0);
  happens();
  await pass(ms + 50);
  await replayer.settled();
  sent = [];
  await pass(200);
  expect(sent).toEqual([]);
});

test('a gateway that was never heard is not lost', async () => {
  replayer.update(egress([3]));
  replayer.heard(heard(3));
  await pass(50);
  expect(sent).toEqual([]);
});
