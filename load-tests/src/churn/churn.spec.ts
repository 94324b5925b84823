import { describe, expect, it } from '@jest/globals';
import { Churn, type Deed } from './churn.js';
import { type ChangingCluster } from './cluster.js';

class FakeCluster implements ChangingCluster {
  readonly asked: string[] = [];
  wrong: string | undefined;

  constructor(private readonly names: readonly string[] = ['gw-1', 'gw-2']) {}

  replicas = (): Promise<number> => Promise.resolve(4);
  scale = (replicas: number): Promise<void> => this.ask(`scale ${replicas}`);
  deletePod = (): Promise<void> => this.ask('delete');
  gateways = (): Promise<readonly string[]> => Promise.resolve(this.names);
  drain = (gateway: string, draining: boolean): Promise<void> => this.ask(`${gateway} ${String(draining)}`);

  private ask(what: string): Promise<void> {
    this.asked.push(what);
    return what === this.wrong ? Promise.reject(new Error('no')) : Promise.resolve();
  }
}

/** Runs so many actions. */
async function after(actions: number, cluster: FakeCluster): Promise<{ churn: Churn; told: Deed[] }> {
  const controller = new AbortController();
  const told: Deed[] = [];
  let left = actions;
  const pause = (): Promise<void> => {
    if (left-- === 0) controller.abort();
    return Promise.resolve();
  };
  const churn = new Churn(cluster, { everySeconds: 1, told: (deed) => told.push(deed), pause });
  await churn.open();
  await churn.run(controller.signal);
  return { churn, told };
}

describe('churn', () => {
  it('changes endpoints and gateways in turn, and begins anew', async () => {
    const cluster = new FakeCluster();
    const { told } = await after(9, cluster);
    expect(told.map(({ what }) => what)).toEqual([
      'scale to 6',
      'drain gw-1',
      'delete a Pod',
      'undrain gw-1',
      'scale to 4',
      'drain gw-2',
      'delete a Pod',
      'undrain gw-2',
      'scale to 6',
    ]);
  });

  it.each([[[]], [['gw-1']]])('leaves gateways alone where there are %j, and says so', async (names) => {
    const cluster = new FakeCluster(names);
    const { churn } = await after(4, cluster);
    expect(cluster.asked).toEqual(['scale 6', 'delete', 'scale 4', 'delete']);
    expect(churn.notes).toEqual([expect.stringContaining('gateways are left alone')]);
  });

  it('puts back what it changed', async () => {
    const cluster = new FakeCluster();
    const { churn } = await after(3, cluster);
    cluster.asked.length = 0;
    await churn.putBack();
    expect(cluster.asked).toEqual(['gw-1 false', 'scale 4']);
  });

  it('goes on when something fails, and puts back what may have been done', async () => {
    const cluster = new FakeCluster();
    cluster.wrong = 'gw-1 true';
    const { churn } = await after(3, cluster);
    expect(churn.deeds.map(({ error }) => error)).toEqual([undefined, 'no', undefined]);
    await churn.putBack();
    expect(cluster.asked).toContain('gw-1 false');
  });

  it('says what it could not put back', async () => {
    const cluster = new FakeCluster();
    const { churn } = await after(2, cluster);
    cluster.wrong = 'gw-1 false';
    await churn.putBack();
    expect(cluster.asked).toContain('scale 4');
    expect(churn.deeds).toContainEqual({ atSeconds: 0, what: 'undrain gw-1', error: 'no' });
    expect(churn.notes).toEqual(['do this yourself: undrain gw-1']);
  });
});
