/**
 * Who spoke for an address on the uplink, frame by frame: the judge over "never two holders". Pure. A takeover shows as
 * one change of the MAC address; two holders show as changes back and forth.
 */

export interface Frame {
  /** Milliseconds. */
  readonly at: number;
  readonly mac: string;
  readonly address: string;
  /** It says who has the address (ARP, NDP), or it is traffic that has it as its source. */
  readonly kind: 'claim' | 'traffic';
}

const claim4 = /Reply (\S+) is-at/;
const claim6 = /neighbor advertisement,.*? tgt is ([0-9a-f:]+)/;
/** Source, with or without a port behind a dot. */
const source = /: ([0-9a-f.:]+) > [0-9a-f.:]+: /;

/**
 * A line of `tcpdump -e -nn -tt`; undefined: it speaks for none of `addresses`. What a gateway answers to the question of
 * another one (MACs of both in `gateways`) is between the two of them: nobody takes an address to be there by it.
 */
export function frameIn(
  line: string,
  addresses: ReadonlySet<string>,
  gateways: ReadonlySet<string> = new Set(),
): Frame | undefined {
  const [, seconds, mac, to = ''] = /^(\d+\.\d+) ([0-9a-f:]{17}) > ([0-9a-f:]{17})/.exec(line) ?? [];
  if (seconds === undefined || mac === undefined) return undefined;
  const claimed = (claim4.exec(line) ?? claim6.exec(line))?.[1]?.replace(/,$/, '');
  if (claimed !== undefined && gateways.has(to)) return undefined;
  const from = source.exec(line)?.[1] ?? '';
  const said = claimed === undefined ? [from, from.replace(/\.\d+$/, '')] : [claimed];
  const address = said.find((text) => addresses.has(text));
  if (address === undefined) return undefined;
  return { at: Number(seconds) * 1000, mac, address, kind: claimed === undefined ? 'traffic' : 'claim' };
}

/** A holder that comes back so soon after another one began never went. */
const tooSoonMs = 500;

/**
 * Frames between two of another gateway that never went: of a former holder that goes on, or of one that was none. In a
 * planned move traffic of connections that the former holder knows is its.
 */
export function dualFrames(
  frames: readonly Frame[],
  { planned }: { readonly planned: boolean },
): readonly Frame[] {
  const counted = planned ? frames.filter(({ kind }) => kind === 'claim') : frames;
  const groups = Map.groupBy(counted, ({ address }) => address);
  return [...groups.values()].flatMap(dualOfOne);
}

/** Frames of one gateway that follow each other. */
function runsOf(frames: readonly Frame[]): readonly (readonly Frame[])[] {
  const runs: Frame[][] = [];
  for (const frame of frames) {
    const last = runs.at(-1);
    if (last?.at(-1)?.mac === frame.mac) last.push(frame);
    else runs.push([frame]);
  }
  return runs;
}

function dualOfOne(frames: readonly Frame[]): readonly Frame[] {
  const runs = runsOf(frames);
  return runs.flatMap((run, index) => {
    const [[before] = [], [after] = []] = [runs[index - 1], runs[index + 1]];
    const [first] = run;
    if (before === undefined || first === undefined || after === undefined) return [];
    return before.mac === after.mac && after.at - first.at < tooSoonMs ? run : [];
  });
}
