/**
 * Agents may patch Nodes, because RBAC knows neither annotations nor whose Node it is. An admission policy does: an
 * agent's token names its node (KEP-4193), it writes on that one only, and nothing but its tunnel address.
 */
import { tunnelAddressAnnotation } from '@sluice/model';
import { labels, namespace, objectName } from './names.js';

const name = 'sluice-agent-own-node';
const user = `system:serviceaccount:${namespace}:${objectName('agent')}`;

const tokenNode = "request.userInfo.?extra[?'authentication.kubernetes.io/node-name'].orValue([''])[0]";

/** Every annotation of the one, but the tunnel address, is in the other with the same value. */
const kept = (one: string, other: string): string =>
  `${one}.all(k, k == '${tunnelAddressAnnotation}' || (k in ${other} && ${other}[k] == ${one}[k]))`;

const same = (path: string): string => `object.${path} == oldObject.${path}`;

export const nodePolicy = (): readonly object[] => [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, labels: labels('agent') },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['nodes'] },
        ],
      },
      matchConditions: [{ name: 'agents', expression: `request.userInfo.username == '${user}'` }],
      variables: [
        { name: 'after', expression: 'object.metadata.?annotations.orValue({})' },
        { name: 'before', expression: 'oldObject.metadata.?annotations.orValue({})' },
      ],
      validations: [
        {
          expression: `object.metadata.name == ${tokenNode}`,
          message: 'an agent writes on its own Node only',
        },
        {
          expression: [
            kept('variables.after', 'variables.before'),
            kept('variables.before', 'variables.after'),
            same('spec'),
            same('metadata.?labels'),
            same('metadata.?finalizers'),
            same('metadata.?ownerReferences'),
          ].join(' && '),
          message: `an agent writes the annotation ${tunnelAddressAnnotation} only`,
        },
      ],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name, labels: labels('agent') },
    spec: { policyName: name, validationActions: ['Deny'] },
  },
];
