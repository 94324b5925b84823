/** Names and labels of Sluice's own objects. */
export const namespace = 'sluice-system';
export const version = '0.1.0';
export const configMap = 'sluice-config';
/** What only gateways may know: password and certificates of Redis. Made by the operator, mounted if it is there. */
export const redisSecret = 'sluice-redis';
export const redisSecretPath = '/etc/sluice/redis';

export type Component = 'controller' | 'gateway' | 'agent' | 'ovs';

export const objectName = (component: Component): string => `sluice-${component}`;

export const labels = (component: Component) => ({
  'app.kubernetes.io/name': 'sluice',
  'app.kubernetes.io/component': component,
  'app.kubernetes.io/version': version,
  'app.kubernetes.io/part-of': 'sluice',
});

export const selector = (component: Component) => ({
  'app.kubernetes.io/name': 'sluice',
  'app.kubernetes.io/component': component,
});

export const metadata = (component: Component) => ({
  name: objectName(component),
  namespace,
  labels: labels(component),
});
