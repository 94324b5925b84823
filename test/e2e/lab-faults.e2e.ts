/** The lab breaks what it is told to break, no more, and puts it back. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { processIds } from './support/components.js';
import { failNode, failRedis, redis, repairLab } from './support/faults.js';
import { eventually, kubectlJson, lab, runIn } from './support/lab.js';
import { servers } from './support/lab-facts.js';

const node = 'gateway-1';

afterEach(repairLab);

/** Whether the underlay of another node answers from this one. */
const underlayAnswers = async (): Promise<boolean> => {
  try {
    await runIn(node, 'ping', '-c1', '-W1', '172.31.0.102');
    return true;
  } catch {
    return false;
  }
};

const uplinkAnswers = async (): Promise<boolean> => {
  try {
    await runIn('outside', 'arping', '-c1', '-w1', '-I', 'e0', '198.18.0.3');
    return true;
  } catch {
    return false;
  }
};

const bothAnswer = (): Promise<boolean> =>
  eventually(
    'underlay and uplink to answer',
    async () => (await underlayAnswers()) && (await uplinkAnswers()),
  );

describe('lab fail', () => {
  it.each([
    ['process', 'gateway'],
    ['ovs', 'ovs'],
  ] as const)('--how %s kills, and the supervisor starts it again', async (how, component) => {
    const before = await processIds(component, node);
    await failNode(node, how);
    await eventually('another process', async () => {
      const now = await processIds(component, node);
      return now.length > 0 && now.every((id) => !before.includes(id));
    });
  });

  it('--hold keeps it dead until it is healed', async () => {
    await failNode(node, 'process', 'hold');
    expect(await processIds('gateway', node)).toEqual([]);
    await repairLab();
    await eventually('the gateway to run again', async () => (await processIds('gateway', node)).length > 0);
  });

  it('--how underlay and --how uplink are dead behind the switch: the link of the node stays up', async () => {
    await bothAnswer();
    await failNode(node, 'underlay');
    expect([await underlayAnswers(), await uplinkAnswers()]).toEqual([false, true]);
    await failNode(node, 'uplink');
    expect(await uplinkAnswers()).toBe(false);
    for (const device of ['u0', 'e0']) {
      expect(await runIn(node, 'cat', `/sys/class/net/${device}/carrier`)).toBe('1\n');
    }
    await lab('heal', node);
    await bothAnswer();
  });

  it('--how redis takes the store away', async () => {
    await failRedis();
    await expect(redis('PING')).rejects.toThrow();
    await repairLab();
    await eventually('Redis to answer', async () => await redis('PING').then(() => true));
  });

  it('--how node ends every process, and the node becomes ready again', async () => {
    await failNode(node, 'node');
    await repairLab();
    await eventually('the gateway to be ready', async () => {
      const found = await kubectlJson<{ status?: { state?: string } }>('get', 'egressgateway', node);
      return found.status?.state === 'Ready' && (await processIds('gateway', node)).length > 0;
    });
  });
});

describe('lab exec', () => {
  it('runs a command on a host, with its network', async () => {
    expect(await lab('exec', 'outside', '--', 'ip', '-br', 'address')).toContain(servers.ipv4.onLink);
    expect(await lab('exec', node, '--', 'cat', '/run/mounted')).toBe('');
    await expect(lab('exec', 'nowhere', '--', 'true')).rejects.toThrow(/worker-1.*routed/s);
  });
});
