/** All CRDs of this release. */
import { type CrdDefinition } from './definition.js';
import { egressAddressCrd } from './egress-address.js';
import { egressGatewayCrd } from './egress-gateway.js';
import { egressPoolCrd } from './egress-pool.js';

export const crdDefinitions: readonly CrdDefinition[] = [egressPoolCrd, egressAddressCrd, egressGatewayCrd];
