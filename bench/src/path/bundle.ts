/**
 * 100,000 flows into an Open vSwitch of the bench's own, in one bundle: by the client library and, beside it, by
 * ovs-ofctl. The product has its flows in memory, ovs-ofctl reads text: a second row takes the same text as ovs-ofctl.
 */
import { commitBundle, type Flow, OpenFlowConnection, parseFlow } from '@sluice/ovs';
// Not part of the library's face: for tests and measurements.
import { RealOvs } from '../../../libs/ovs/src/testing/real-ovs.js';
import { type Measurement } from '../harness/row.js';
import { seconds } from '../harness/measure.js';

const flowCount = 100_000;
const runs = 5;
const bridge = 'bench';

/** As the pipeline's: an exact address, registers loaded, on to the next table. */
const flowText = (index: number): string => {
  const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  const id = index % 65_535;
  return `cookie=0x${index.toString(16)},table=10,priority=100,ip,nw_src=${address},actions=set_field:0x${id.toString(16)}->reg1,goto_table:20`;
};

const texts = Array.from({ length: flowCount }, (_, index) => flowText(index));

class BundleBench {
  private constructor(
    private readonly ovs: RealOvs,
    private readonly connection: OpenFlowConnection,
  ) {}

  static async open(): Promise<BundleBench> {
    const ovs = await RealOvs.start();
    await ovs.addBridge(bridge);
    return new BundleBench(ovs, await OpenFlowConnection.open(ovs.managementSocket(bridge)));
  }

  async close(): Promise<void> {
    this.connection.close();
    await this.ovs.stop();
  }

  ours(flows: () => readonly Flow[]): Promise<number> {
    return this.timed(() =>
      commitBundle(
        this.connection,
        flows().map((flow) => ({ type: 'flow_mod', mod: { command: 'add', flow } })),
      ),
    );
  }

  peer(): Promise<number> {
    const input = texts.join('\n');
    const target = `unix:${this.ovs.managementSocket(bridge)}`;
    return this.timed(() => this.ovs.ofctl(['--bundle', 'add-flows', target, '-'], input));
  }

  /** On an empty table; afterwards all flows must be there. */
  private async timed(work: () => Promise<unknown>): Promise<number> {
    const target = `unix:${this.ovs.managementSocket(bridge)}`;
    await this.ovs.ofctl(['del-flows', target]);
    const took = await seconds(work);
    const count = /flow_count=(\d+)/.exec(await this.ovs.ofctl(['dump-aggregate', target]))?.[1];
    if (Number(count) !== flowCount) throw new Error(`the switch has ${String(count)} flows`);
    return took;
  }
}

export async function bundleRows(): Promise<readonly Measurement[]> {
  const bench = await BundleBench.open();
  try {
    const flows = texts.map(parseFlow);
    const samples = { ours: [] as number[], fromText: [] as number[], peer: [] as number[] };
    for (let run = 0; run < runs; run++) {
      samples.ours.push(await bench.ours(() => flows));
      samples.peer.push(await bench.peer());
      samples.fromText.push(await bench.ours(() => texts.map(parseFlow)));
    }
    const peer = { name: 'ovs-ofctl --bundle add-flows', samples: samples.peer };
    return [
      { id: 'bundle_100k_flows_s', unit: 's', samples: samples.ours, peer },
      { id: 'bundle_100k_flows_from_text_s', unit: 's', samples: samples.fromText, peer },
    ];
  } finally {
    await bench.close();
  }
}
