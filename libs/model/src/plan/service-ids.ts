/**
 * An id for each port of each Service that gateways serve, kept in the annotation of the Service.
 *
 * Only what stands there for a port that exists counts as in use. What an annotation says of other ports is left to the
 * record of resting ids: users can write annotations, and would otherwise put thousands of ids to rest with one.
 */
import { type Service } from '@sluice/kube';
import { type ClusterPlan, type ServiceIdProblem, type ServiceIdProblemReason } from '../cluster-plan.js';
import { olderFirst } from '../fleet.js';
import { serviceIdsAnnotation } from '../names.js';
import { remembered } from '../remembered.js';
import { isServed, portsOf } from '../services/eligible.js';
import {
  claimedIds,
  formatServiceIds,
  IdHolders,
  parseServiceIds,
  type ServiceIds,
} from '../services/service-ids.js';
import { type Ids } from './ids.js';

type ServiceIdPlan = ClusterPlan['serviceIds'];

/** Takes ids of the kind `service`. Older Services first: of too many the youngest go without. */
export function planServiceIds(services: readonly Service[], ids: Ids): ServiceIdPlan {
  const holders = new IdHolders();
  for (const service of services) {
    holders.add(service);
    for (const id of claimedIds(service).values()) ids.use('service', id);
  }
  const unsettled = services.filter((service) => !isSettled(service, holders.held(service)));
  const plans = unsettled.toSorted(olderFirst).map((service) => planOne(service, holders.held(service), ids));
  return {
    write: plans.flatMap(({ write }) => write),
    problems: plans.flatMap(({ problems }) => problems),
  };
}

const keysOf = (service: Service): readonly string[] =>
  isServed(service) ? portsOf(service).map(({ key }) => key) : [];

const textOf = ({ metadata }: Service): string | undefined => metadata.annotations?.[serviceIdsAnnotation];

const settles = (service: Service, held: ServiceIds): boolean =>
  keysOf(service).every((key) => held.has(key)) && textOf(service) === formatServiceIds(held);

const settlesAlone = remembered((service: Service): boolean => settles(service, claimedIds(service)));

/** Every port has its id, and the annotation says just that. */
const isSettled = (service: Service, held: ServiceIds): boolean =>
  held === claimedIds(service) ? settlesAlone(service) : settles(service, held);

function planOne(service: Service, held: ServiceIds, ids: Ids): ServiceIdPlan {
  const next = new Map(held);
  for (const key of keysOf(service)) {
    const id = next.get(key) ?? ids.take('service');
    if (id !== undefined) next.set(key, id);
  }
  const { name, namespace = '', uid = '' } = service.metadata;
  const value = formatServiceIds(next);
  return {
    write: value === textOf(service) ? [] : [{ namespace, name, uid, value }],
    problems: problemsOf(service, held, next),
  };
}

function problemsOf(service: Service, held: ServiceIds, next: ServiceIds): readonly ServiceIdProblem[] {
  const { name, namespace = '', uid = '' } = service.metadata;
  const keys = keysOf(service);
  const text = textOf(service);
  const isMalformed = text !== undefined && parseServiceIds(text) === undefined;
  const found: readonly (readonly [ServiceIdProblemReason, readonly string[]])[] = [
    ['ServiceIdsMalformed', isMalformed ? keys : []],
    ['ServiceIdTaken', [...claimedIds(service).keys()].filter((key) => !held.has(key))],
    ['ServiceIdsExhausted', keys.filter((key) => !next.has(key))],
  ];
  return found
    .filter(([, ports]) => ports.length > 0)
    .map(([reason, ports]) => ({ namespace, name, uid, reason, ports }));
}
