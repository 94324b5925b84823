import { expect, test } from '@jest/globals';
import { type Namespace } from '@sluice/kube';
import { egressAnnotation, egressStatusAnnotation, readEgressStatus } from '@sluice/model';
import { trimNamespace } from './trim.js';
import { effectOf } from './work.js';

const entry = { request: 'pool/office', state: 'Ready', addresses: ['198.18.0.100'] };
const refused = { request: 'pool/none', state: 'Refused', reason: 'PoolNotFound' };

const namespace = (resourceVersion: string, status: unknown, request = 'pool/office'): Namespace => ({
  metadata: {
    name: 'billing',
    uid: 'u1',
    resourceVersion,
    annotations: {
      'other.example/note': 'kept by others',
      [egressAnnotation]: request,
      [egressStatusAnnotation]: typeof status === 'string' ? status : JSON.stringify(status),
    },
  },
});

test('what the controller says of a namespace is no change to a node', () => {
  const before = trimNamespace(namespace('1', [{ ...entry, gateway: 'gateway-1' }]));
  const after = trimNamespace(namespace('2', [{ ...entry, gateway: 'gateway-2' }]));
  expect(effectOf(before, after)).toBe('nothing');
});

test.each([
  ['another request', namespace('2', [entry], 'pool/home')],
  ['a refusal', namespace('2', [refused])],
])('%s is one', (_what, after) => {
  expect(effectOf(trimNamespace(namespace('1', [entry])), trimNamespace(after))).toBe('work');
});

test('a refused request is still known as refused', () => {
  const kept = trimNamespace(namespace('1', [refused], 'pool/none'));
  expect(readEgressStatus(kept)).toEqual([refused]);
});

test.each([
  ['nothing', {}],
  ['garbage', { [egressStatusAnnotation]: '{' }],
])('a namespace with %s as its status is kept as it is', (_what, annotations) => {
  const kept = trimNamespace({ metadata: { name: 'billing', uid: 'u1', annotations } });
  expect(kept.metadata.annotations).toEqual({});
});
