/** Without ovs-vswitchd the kernel goes on with the flows that it has, so a gateway that gave its slots back takes its uplink down. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { KernelNetwork } from '@sluice/netlink';
import { downloadClient, downloadServer } from './support/programs.js';
import { TwoGateways } from './support/two-gateways.js';

let lab: TwoGateways;
let over = false;

beforeEach(async () => {
  over = false;
  lab = new TwoGateways();
  await lab.start();
  lab.use('a');
});
afterEach(async () => {
  over = true;
  await lab.remove();
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!over && !condition()) await new Promise((resolve) => setTimeout(resolve, 20));
};

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
  // What was on its way arrives; the server goes on speaking ten times a second.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(got.length).toBeLessThanOrEqual(fenced + 1);
});
