/**
 * Which endpoint a client meets: the groups that a gateway would have, in a real Open vSwitch, asked by ofproto/trace.
 * Open vSwitch decides by a few bits of the client's address and port; every combination of them is asked once, so that
 * the numbers are those of the choice itself and not of a sample.
 */
import { type ServicePort } from '@sluice/model';
import { formatGroup, unixctl } from '@sluice/ovs';
// Not part of the libraries' faces: for tests and measurements.
import { serviceShards } from '../../../libs/datapath/src/pipeline/service-shards.js';
import { endpointId } from '../../../libs/model/src/services/endpoint-ids.js';
import { RealOvs } from '../../../libs/ovs/src/testing/real-ovs.js';
import { type Measurement } from '../harness/row.js';

const bridge = 'bench';
const endpointCount = 200;
const nodePort = 80;
const affine = { clients: 1000, ports: 20 } as const;

const endpoints = Array.from({ length: endpointCount }, (_, at) => {
  const address = `10.245.0.${at + 1}`;
  return { id: endpointId(address, 8080, 'TCP'), address, port: 8080, nodeId: 1 };
}).sort((one, other) => one.id - other.id);

const serviceWith = (own: ServicePort['endpoints'], affinitySeconds?: number): ServicePort => ({
  serviceId: 1,
  key: 'bench/choice:web',
  family: 4,
  protocol: 'TCP',
  addresses: [],
  endpoints: own,
  ...(affinitySeconds === undefined ? {} : { affinitySeconds }),
});

interface Client {
  readonly address: string;
  readonly port: number;
}

/** Every value that the hash of a Service without affinity can see: low bits of the address, and of the port without bit 0. */
function* allClients(service: ServicePort): Generator<Client> {
  const [shard] = serviceShards(service);
  const masks = shard?.group.selection?.fields ?? [];
  const port = masks.find(({ field }) => field === 'tcp_src')?.mask ?? 0n;
  for (let address = 0; address < 16; address++)
    for (let value = 0n; value <= port; value += 2n)
      yield { address: `203.0.113.${address}`, port: 0x8000 + Number(value) };
}

export class Choice {
  private constructor(private readonly ovs: RealOvs) {}

  static async open(): Promise<Choice> {
    const ovs = await RealOvs.start();
    await ovs.addBridge(bridge);
    return new Choice(ovs);
  }

  close(): Promise<void> {
    return this.ovs.stop();
  }

  /** Of a Service of one shard. */
  async install(service: ServicePort): Promise<void> {
    const [shard] = serviceShards(service);
    if (shard === undefined) throw new RangeError('a Service without endpoints chooses nothing');
    const { group } = shard;
    const target = `unix:${this.ovs.managementSocket(bridge)}`;
    // What the buckets do goes on in the pipeline, which is not here; which one it was is all that is asked.
    const buckets = group.buckets.map((bucket) => ({ ...bucket, actions: [] }));
    await this.ovs.ofctl(['del-flows', target]);
    await this.ovs.ofctl(['del-groups', target]);
    await this.ovs.ofctl(['add-group', target, formatGroup({ ...group, buckets })]);
    await this.ovs.ofctl(['add-flow', target, `tcp,actions=group:${group.id}`]);
  }

  /** The id of the endpoint. */
  async of({ address, port }: Client): Promise<number> {
    const flow = `in_port=LOCAL,tcp,nw_src=${address},nw_dst=198.18.0.100,tp_src=${port},tp_dst=${nodePort}`;
    const text = await unixctl(this.ovs.controlSocket, 'ofproto/trace', bridge, flow);
    const [, id] = /using bucket (\d+)/.exec(text) ?? [];
    if (id === undefined) throw new Error(`ofproto/trace names no bucket:\n${text}`);
    return Number(id);
  }
}

/** Client → endpoint, for every client that the hash can tell apart. */
async function choices(choice: Choice, service: ServicePort): Promise<readonly number[]> {
  await choice.install(service);
  const found: number[] = [];
  for (const client of allClients(serviceWith(endpoints))) found.push(await choice.of(client));
  return found;
}

const mostToMean = (chosen: readonly number[]): number => {
  const counts = [...Map.groupBy(chosen, (id) => id).values()].map((own) => own.length);
  return Math.max(...counts) / (chosen.length / endpointCount);
};

/** Clients that meet more than one endpoint though the Service has ClientIP affinity. */
async function affinityViolations(choice: Choice): Promise<number> {
  await choice.install(serviceWith(endpoints, 10_800));
  let violations = 0;
  for (let client = 0; client < affine.clients; client++) {
    const address = `100.64.${Math.floor(client / 250)}.${(client % 250) + 1}`;
    const met = new Set<number>();
    for (let at = 0; at < affine.ports; at++) met.add(await choice.of({ address, port: 32_768 + at * 613 }));
    if (met.size > 1) violations++;
  }
  return violations;
}

export async function choiceRows(): Promise<readonly Measurement[]> {
  const choice = await Choice.open();
  try {
    const before = await choices(choice, serviceWith(endpoints));
    const [gone, ...left] = endpoints;
    const after = await choices(choice, serviceWith(left));
    const moved = before.filter((id, at) => id !== after[at]).length / before.length;
    const others = before.filter((id, at) => id !== gone?.id && id !== after[at]).length;
    const violations = await affinityViolations(choice);
    return [
      { id: 'spread_max_to_mean_200', unit: '1', samples: [mostToMean(before)], goal: { atMost: 1.1 } },
      {
        id: 'moved_share_remove_one',
        unit: '1',
        samples: [moved],
        goal: { atMost: 1 / endpointCount + 0.01 },
      },
      { id: 'moved_of_others_remove_one', unit: '1', samples: [others], goal: { atMost: 0 } },
      { id: 'affinity_violations', unit: '1', samples: [violations], goal: { atMost: 0 } },
    ];
  } finally {
    await choice.close();
  }
}
