/** Annotations and labels that Sluice reads and writes. */
export const egressAnnotation = 'sluice.dev/egress';
export const egressStatusAnnotation = 'sluice.dev/egress-status';
export const nodeIdAnnotation = 'sluice.dev/node-id';
export const tunnelAddressAnnotation = 'sluice.dev/tunnel-address';
/** On a Node: its uplink, where it is not the default of the configuration. */
export const uplinkAnnotation = 'sluice.dev/uplink-interface';
export const gatewayLabel = 'sluice.dev/gateway';
