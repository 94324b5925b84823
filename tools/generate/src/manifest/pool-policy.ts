/**
 * Whoever asks for a pool that is not for their namespace is told at once. The controller asks the same again, and is the
 * one that decides: pools change, and not every request names its pool.
 */
import { egressAnnotation, poolAnnotation } from '@sluice/model';
import { labels } from './names.js';

const name = 'sluice-allowed-namespaces';

const annotation = (object: string, key: string): string =>
  `${object}.metadata.?annotations[?'${key}'].orValue('')`;
/** What of it does not change is not looked at: what works goes on. */
const changed = (key: string): string =>
  `(oldObject == null || ${annotation('oldObject', key)} != ${annotation('object', key)})`;

const isNamespace = "request.resource.resource == 'namespaces'";
const asks = `${annotation('object', egressAnnotation)}.startsWith('pool/') && ${changed(egressAnnotation)}`;
const names = `${annotation('object', poolAnnotation)} != '' && ${changed(poolAnnotation)}`;

const selector = 'params.spec.allowedNamespaces';
const equal = `${selector}.?matchLabels.orValue({}).all(k, k in variables.labels && variables.labels[k] == ${selector}.matchLabels[k])`;
const has = 'e.key in variables.labels';
const among = `(${has} && variables.labels[e.key] in e.values)`;
const required = `${selector}.?matchExpressions.orValue([]).all(e, ${[
  `e.operator == 'In' ? ${among}`,
  `e.operator == 'NotIn' ? !${among}`,
  `e.operator == 'Exists' ? ${has}`,
  `!(${has})`,
].join(' : ')})`;

export const poolPolicy = (): readonly object[] => [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, labels: labels('controller') },
    spec: {
      failurePolicy: 'Ignore',
      paramKind: { apiVersion: 'sluice.dev/v1alpha1', kind: 'EgressPool' },
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['namespaces', 'services'],
          },
        ],
      },
      matchConditions: [{ name: 'asks', expression: `${isNamespace} ? (${asks}) : (${names})` }],
      variables: [
        {
          name: 'pool',
          expression: `${isNamespace} ? ${annotation('object', egressAnnotation)}.split('?')[0].replace('pool/', '', 1) : ${annotation('object', poolAnnotation)}`,
        },
        {
          name: 'labels',
          expression: `${isNamespace} ? object.metadata.?labels.orValue({}) : namespaceObject.metadata.?labels.orValue({})`,
        },
      ],
      validations: [
        {
          expression: `variables.pool != params.metadata.name || !has(${selector}) || (${equal} && ${required})`,
          messageExpression:
            "'EgressPool ' + params.metadata.name + ' is not for this namespace; see its spec.allowedNamespaces'",
          reason: 'Forbidden',
        },
      ],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name, labels: labels('controller') },
    spec: {
      policyName: name,
      paramRef: { selector: {}, parameterNotFoundAction: 'Allow' },
      validationActions: ['Deny'],
    },
  },
];
