/** Without ovs-vswitchd the kernel goes on with the flows that it has, so a gateway that gave its slots back takes its uplink down. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { KernelNetwork } from '@sluice/netlink';
import { downloadClient, downloadServer } from './support/programs.js';
import { TwoGateways } from './support/two-gateways.js';
import { Waiting } from './support/waiting.js';

let lab: TwoGateways;
let waiting: Waiting;
const until: Waiting['until'] = (condition) => waiting.until(condition);

beforeEach(async () => {
  waiting = new Waiting();
  lab = new TwoGateways();
  await lab.start();
  lab.use('a');
});
afterEach(async () => {
  waiting.end();
  await lab.remove();
});

test('a dead ovs-vswitchd forwards on; with its uplink down the gateway carries nothing', async () => {
  const heard = lab.lines('server', ...downloadServer);
  await until(() => heard.includes('ready'));
  const got = lab.lines('pod', ...downloadClient);
  await until(() => got.length > 10);

  await lab.gateways.a.killSwitch();
  const dead = got.length;
  await until(() => got.length > dead + 20);

  await new KernelNetwork({ netns: lab.gateways.a.namespace.name }).setLink('server', { up: false });
  const fenced = got.length;
  // The server goes on speaking: it sends the same again and again, later each time, and nobody has it.
  await until(() => /backoff:[3-9]/.test(lab.server.run('ss', '-tinH', 'state', 'established')));
  // What was on its way arrived.
  expect(got.length).toBeLessThanOrEqual(fenced + 1);
});
