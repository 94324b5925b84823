/** With the kernel datapath a restart of ovs-vswitchd keeps the kernel's flows until the pipeline is there again. Without tunnels. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { serverAddress, TwoGateways } from './support/two-gateways.js';
import { Waiting } from './support/waiting.js';

let lab: TwoGateways;
let waiting: Waiting;
const until: Waiting['until'] = (condition) => waiting.until(condition);
let answers: readonly string[];

/** Numbers of the pings that were answered, a hundred a second. */
const answered = (): readonly number[] =>
  answers.flatMap((line) => {
    const [, number] = /icmp_seq=(\d+) .*time=/.exec(line) ?? [];
    return number === undefined ? [] : [Number(number)];
  });
const lost = (): number => (answered().at(-1) ?? 0) - answered().length;
const more = (count: number): Promise<void> => {
  const before = answered().length;
  return until(() => answered().length >= before + count);
};

beforeEach(async () => {
  waiting = new Waiting();
  lab = new TwoGateways();
  await lab.start();
  lab.use('a');
  answers = lab.lines('pod', 'ping', '-n', '-i', '0.01', serverAddress);
  await more(100);
});
afterEach(async () => {
  waiting.end();
  await lab.remove();
});

test('started as the image does it, under traffic: 0 packets lost', async () => {
  const { a } = lab.gateways;
  await a.restartSwitch('as the image');
  // The pipeline is not there yet.
  await more(100);
  a.program();
  await more(100);
  await a.restored();
  await more(300);
  expect(lost()).toBe(0);
});

test('started plainly, packets are lost: what the other test shows is shown', async () => {
  const { a } = lab.gateways;
  await a.restartSwitch('plainly');
  a.program();
  await more(100);
  expect(lost()).toBeGreaterThan(0);
});
