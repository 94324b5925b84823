/** Service ids, by plans written back until nothing is left to do. */
import { describe, expect, test } from '@jest/globals';
import { type Service } from '@sluice/kube';
import { type RestingId } from '../cluster-plan.js';
import { serviceIdsAnnotation } from '../names.js';
import { service as object } from '../services/testing/objects.js';
import { Ids } from './ids.js';
import { planServiceIds } from './service-ids.js';

const nowMs = Date.UTC(2026, 0, 1);
const hourMs = 3_600_000;

const service = (name: string, text?: string, changes: Partial<Service['metadata']> = {}): Service =>
  object(
    {},
    {
      ...{ name, uid: `uid-${name}` },
      annotations: text === undefined ? {} : { [serviceIdsAnnotation]: text },
      ...changes,
    },
  );
const older = { creationTimestamp: '2025-01-01T00:00:00Z' };
const textOf = ({ metadata }: Service) => metadata.annotations?.[serviceIdsAnnotation];

function write(services: readonly Service[], plan: ReturnType<typeof planServiceIds>): readonly Service[] {
  return services.map((one) => {
    const found = plan.write.find(({ uid }) => uid === one.metadata.uid);
    if (found === undefined) return one;
    const { [serviceIdsAnnotation]: _, ...others } = one.metadata.annotations ?? {};
    const own = found.value === undefined ? {} : { [serviceIdsAnnotation]: found.value };
    return { ...one, metadata: { ...one.metadata, annotations: { ...others, ...own } } };
  });
}

function plan(services: readonly Service[], resting: readonly RestingId[] = [], atMs = nowMs) {
  const ids = new Ids(resting, atMs);
  const made = planServiceIds(services, ids);
  const after = write(services, made);
  return { ...made, after, texts: after.map(textOf), resting: ids.resting() };
}

describe('a Service', () => {
  test('gets an id for each port, and nothing is left to do', () => {
    const { texts, after, write: written } = plan([service('a')]);
    expect(texts).toEqual(['TCP/80=1,UDP/53=2']);
    expect(written).toEqual([{ namespace: 'shop', name: 'a', uid: 'uid-a', value: texts[0] }]);
    expect(plan(after)).toMatchObject({ write: [], problems: [] });
  });

  test('keeps the ids that it has', () => {
    expect(plan([service('a', 'TCP/80=500')]).texts).toEqual(['TCP/80=500,UDP/53=1']);
  });

  test('loses those of ports that are gone', () => {
    expect(plan([service('a', 'TCP/80=5,UDP/53=6,TCP/443=7')]).texts).toEqual(['TCP/80=5,UDP/53=6']);
  });

  test('that nobody serves any more has none', () => {
    const own = service('a', 'TCP/80=5');
    const gone = { ...own, spec: { ...own.spec, type: 'ClusterIP' } };
    expect(plan([gone])).toMatchObject({ texts: [undefined], problems: [] });
  });

  test('whose annotation is malformed gets new ids and is told', () => {
    expect(plan([service('a', 'TCP/80=x')])).toMatchObject({
      texts: ['TCP/80=1,UDP/53=2'],
      problems: [{ name: 'a', reason: 'ServiceIdsMalformed', ports: ['TCP/80', 'UDP/53'] }],
    });
  });

  test('that was written in another order is put in order', () => {
    expect(plan([service('a', 'UDP/53=6,TCP/80=5')]).texts).toEqual(['TCP/80=5,UDP/53=6']);
  });

  test('older ones come first', () => {
    expect(plan([service('b'), service('c', undefined, older), service('a')]).texts).toEqual([
      'TCP/80=5,UDP/53=6',
      'TCP/80=1,UDP/53=2',
      'TCP/80=3,UDP/53=4',
    ]);
  });
});

describe('of two Services with one id', () => {
  const [young, old] = [service('a', 'TCP/80=1,UDP/53=2'), service('b', 'TCP/80=1,UDP/53=9', older)];

  test('the older keeps it, the other gets a new one and is told', () => {
    expect(plan([young, old])).toMatchObject({
      texts: ['TCP/80=3,UDP/53=2', 'TCP/80=1,UDP/53=9'],
      problems: [{ name: 'a', reason: 'ServiceIdTaken', ports: ['TCP/80'] }],
    });
  });
});

describe('an id', () => {
  test('that was released rests for an hour', () => {
    const first = plan([service('a')]);
    const second = plan([service('b')], first.resting, nowMs + hourMs / 2);
    expect(second.texts).toEqual(['TCP/80=3,UDP/53=4']);
    const much = plan([service('c')], first.resting, nowMs + 3 * hourMs);
    expect(much.texts).toEqual(['TCP/80=1,UDP/53=2']);
  });

  test('rests for an hour from when it was last seen, whenever that was', () => {
    let { after, resting } = plan([service('a')]);
    for (let minutes = 10; minutes <= 300; minutes += 10) {
      ({ after, resting } = plan(after, resting, nowMs + minutes * 60_000));
      const rest = resting.filter(({ kind }) => kind === 'service').map(({ untilMs }) => untilMs);
      expect(Math.min(...rest)).toBeGreaterThanOrEqual(nowMs + minutes * 60_000 + hourMs);
    }
  });

  test('is not put to rest by an annotation that names ports which are not there', () => {
    expect(plan([service('a', 'TCP/1=1,TCP/2=2')]).texts).toEqual(['TCP/80=1,UDP/53=2']);
  });

  test('is free although an egress has the same number', () => {
    const ids = new Ids([{ kind: 'egress', id: 1, untilMs: nowMs + hourMs }], nowMs);
    ids.use('egress', 2);
    expect(planServiceIds([service('a')], ids).write[0]?.value).toBe('TCP/80=1,UDP/53=2');
  });
});

test('when all ids are in use the youngest goes without, and is told', () => {
  const resting = Array.from({ length: 65_534 }, (_, at): RestingId => ({
    kind: 'service',
    id: at + 1,
    untilMs: nowMs + hourMs,
  }));
  expect(plan([service('a'), service('b')], resting)).toMatchObject({
    texts: ['TCP/80=65535', undefined],
    problems: [
      { name: 'a', reason: 'ServiceIdsExhausted', ports: ['UDP/53'] },
      { name: 'b', reason: 'ServiceIdsExhausted', ports: ['TCP/80', 'UDP/53'] },
    ],
  });
});
