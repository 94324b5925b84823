/** Moments in which the machine stood still: a run that met one says nothing about what was to be tested. */
import { join } from 'node:path';
import { run } from '../command.js';
import { inNamespace } from '../namespaces.js';

/** A node whose Open vSwitch is watched. */
export interface Watched {
  readonly ovsRunDir: string;
  /** Where its packet sockets are; the kernel datapath has none. */
  readonly namespace?: string;
}

interface Stalls {
  /** How often sessions of BFD fell silent and came back; see ovs-vswitchd.conf.db(5), bfd_status:flap_count. */
  readonly silences: number;
  /** Packets that found the packet sockets of a node full. */
  readonly overflows: number;
}

const repeats = 2;

const sum = (text: string, counter: RegExp): number =>
  [...text.matchAll(counter)].reduce((total, [, count]) => total + Number(count), 0);

async function silencesOf({ ovsRunDir }: Watched): Promise<number> {
  const database = `--db=unix:${join(ovsRunDir, 'db.sock')}`;
  const list = ['--bare', '--columns=bfd_status', 'list', 'Interface'];
  return sum(await run(['ovs-vsctl', '--timeout=30', database, ...list]), /flap_count="?(\d+)/g);
}

/** See ss(8), skmem: d is what was dropped before it came into the socket. */
async function overflowsOf({ namespace }: Watched): Promise<number> {
  if (namespace === undefined) return 0;
  return sum(await run(inNamespace(namespace, ['ss', '--packet', '--memory', '--numeric'])), /,d(\d+)\)/g);
}

/** So far, of all nodes. Sockets of an Open vSwitch that ended count no more. */
async function stallsOf(nodes: readonly Watched[]): Promise<Stalls> {
  const total = async (count: (node: Watched) => Promise<number>) =>
    (await Promise.all(nodes.map(count))).reduce((all, one) => all + one, 0);
  const [silences, overflows] = await Promise.all([total(silencesOf), total(overflowsOf)]);
  return { silences, overflows };
}

/**
 * For what cuts no underlay and kills no switch. If `attempt` fails and a session of BFD fell silent meanwhile, Open vSwitch
 * or the whole machine had no CPU for a third of a second, which costs packets on any network: it is repeated, twice at most.
 * Packets that found no room ahead of Open vSwitch are told alone: that may have other causes.
 */
export async function undisturbed(nodes: readonly Watched[], attempt: () => Promise<void>): Promise<void> {
  for (let left = repeats; ; left--) {
    const before = await stallsOf(nodes);
    try {
      await attempt();
      return;
    } catch (error) {
      const { silences, overflows } = await stallsOf(nodes);
      if (overflows > before.overflows)
        console.warn(`${overflows - before.overflows} packets found no room ahead of Open vSwitch`);
      if (left === 0 || silences === before.silences) throw error;
      console.warn('nodes fell silent by themselves: the machine stood still, and the run is repeated');
    }
  }
}
