/** Moments in which the machine stood still: a run that met one says nothing about what was to be tested. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { labStatus } from './lab.js';

const repeats = 2;

/** How often sessions of BFD fell silent and came back so far, on all nodes (ovs-vswitchd.conf.db(5), bfd_status:flap_count). */
async function silences(): Promise<number> {
  const { nodes } = await labStatus();
  const counts = nodes.map(async ({ ovsRunDir }) => {
    const database = `--db=unix:${ovsRunDir}/db.sock`;
    const list = ['--bare', '--columns=bfd_status', 'list', 'Interface'];
    const { stdout } = await promisify(execFile)('ovs-vsctl', ['--timeout=10', database, ...list]);
    return [...stdout.matchAll(/flap_count="?(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/**
 * For what cuts no underlay and kills no switch. If `attempt` fails and a session of BFD fell silent meanwhile, Open vSwitch
 * or the whole machine had no CPU for a third of a second, which costs packets on any network: it is repeated, twice at most.
 */
export async function undisturbed(attempt: () => Promise<void>): Promise<void> {
  for (let left = repeats; ; left--) {
    const before = await silences();
    try {
      await attempt();
      return;
    } catch (error) {
      if (left === 0 || (await silences()) === before) throw error;
      console.warn('nodes fell silent by themselves: the machine stood still, and the run is repeated');
    }
  }
}
