/** Moments in which the machine stood still: a run that met one says nothing about what was to be tested. */
import { join } from 'node:path';
import { run } from '../command.js';

const repeats = 2;

/**
 * How often sessions of BFD fell silent and came back so far, of all Open vSwitches (by their run directories); see
 * ovs-vswitchd.conf.db(5), bfd_status:flap_count.
 */
async function silences(directories: readonly string[]): Promise<number> {
  const counts = directories.map(async (directory) => {
    const database = `--db=unix:${join(directory, 'db.sock')}`;
    const list = ['--bare', '--columns=bfd_status', 'list', 'Interface'];
    const text = await run(['ovs-vsctl', '--timeout=30', database, ...list]);
    return [...text.matchAll(/flap_count="?(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/**
 * For what cuts no underlay and kills no switch. If `attempt` fails and a session of BFD fell silent meanwhile, Open vSwitch
 * or the whole machine had no CPU for a third of a second, which costs packets on any network: it is repeated, twice at most.
 */
export async function undisturbed(
  directories: readonly string[],
  attempt: () => Promise<void>,
): Promise<void> {
  for (let left = repeats; ; left--) {
    const before = await silences(directories);
    try {
      await attempt();
      return;
    } catch (error) {
      if (left === 0 || (await silences(directories)) === before) throw error;
      console.warn('nodes fell silent by themselves: the machine stood still, and the run is repeated');
    }
  }
}
