/** What is wrong with what owners of Services have written, and gateways therefore leave out. */
import { type Service } from '@sluice/kube';
import { type PlannedEvent } from '../cluster-plan.js';
import { maxConnectionsAnnotation, weightsAnnotation } from '../names.js';
import { isServed } from '../services/eligible.js';
import { maxConnectionsOf } from '../services/max-connections.js';
import { weightsOf } from '../services/weights.js';

const settings = [
  { annotation: weightsAnnotation, read: weightsOf, meanwhile: 'all endpoints are alike' },
  { annotation: maxConnectionsAnnotation, read: maxConnectionsOf, meanwhile: 'there is no cap' },
] as const;

export const settingProblems = (services: readonly Service[]): readonly PlannedEvent[] =>
  services.filter(isServed).flatMap((service) => {
    const { name, namespace = '', uid = '' } = service.metadata;
    return settings.flatMap(({ annotation, read, meanwhile }): readonly PlannedEvent[] => {
      const parsed = read(service);
      if (parsed === undefined || parsed.ok) return [];
      return [
        {
          regarding: { kind: 'Service', namespace, name, uid },
          type: 'Warning',
          reason: 'SettingIgnored',
          message: `${annotation}: ${parsed.message}; until it is mended ${meanwhile}`,
        },
      ];
    });
  });
