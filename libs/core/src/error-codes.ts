/** The one registry of error codes: code → what it means and what the operator does. `docs/reference/errors.md` is made from it. */
export const errorCodes = {
  SLUICE_CONFIG_INVALID: 'A setting of the process is missing or malformed; the message names it.',
  SLUICE_ADDRESS_INVALID: 'Text is not an IP address, CIDR or range; the message shows it.',
  SLUICE_ANNOTATION_INVALID: 'A sluice.dev annotation is malformed; the message says at which character.',
  SLUICE_TOOL_MISSING:
    'A program that Sluice needs on the node is missing; install the package that the message names.',
  SLUICE_TOOL_FAILED:
    'A program of the node (nft, ip, ethtool) refused a command; the message carries its words.',
  SLUICE_TOOL_TOO_OLD:
    'A program of the node is too old; install the version that the message names, or a later one.',
  SLUICE_SYSCTL_REFUSED:
    'A setting below /proc/sys could not be read or written; the container must be privileged and /proc/sys writable.',
  SLUICE_NETLINK_FAILED: 'The kernel refused a change of links, addresses, routes, rules or neighbours.',
  SLUICE_CONNTRACK_FAILED:
    'The kernel refused to read or to change tracked connections; the gateway needs CAP_NET_ADMIN and ctnetlink (nf_conntrack_netlink).',
  SLUICE_CONNTRACK_MALFORMED:
    'A message about tracked connections is not understood; other gateways may run another version of Sluice.',
  SLUICE_NFT_REFUSED: 'The kernel refused the nftables transaction; nothing of it was applied.',
  SLUICE_KUBE_REFUSED: 'The API server refused a request; the message carries its status.',
  SLUICE_KUBE_UNREACHABLE: 'The API server could not be reached; Sluice retries and forwarding goes on.',
  SLUICE_KUBE_PROTOCOL: 'The API server answered with something that is not what its API promises.',
  SLUICE_OVS_UNAVAILABLE: 'Open vSwitch does not answer on its socket; check the sluice-ovs DaemonSet.',
  SLUICE_OVS_TOO_OLD: 'Open vSwitch is older than 3.1; upgrade the sluice-ovs DaemonSet.',
  SLUICE_OVS_REFUSED:
    'Open vSwitch refused a flow, group or transaction; the message carries the flow and the reason.',
  SLUICE_UPLINK_MISSING: 'The uplink interface of the gateway does not exist on the node.',
  SLUICE_UNDERLAY_MISSING: 'The underlay interface or its address does not exist on the node.',
  SLUICE_MARK_COLLISION: "Another program uses Sluice's packet mark bits; configure others.",
  SLUICE_STORE_UNREACHABLE:
    'Redis does not answer; holders keep their addresses and forwarding goes on, failover is slower. Check Redis.',
  SLUICE_STORE_REFUSED:
    'Redis refused an operation; the message carries its words (ACL, memory, read-only replica).',
  SLUICE_GATEWAY_UNKNOWN: 'There is no EgressGateway of that name; the message lists those that there are.',
  SLUICE_DRAIN_REFUSED:
    'Draining the gateway would lead nowhere; the message says why. Nothing was changed; --force drains it nevertheless.',
  SLUICE_WAIT_TIMEOUT:
    'What was waited for has not come in time; it goes on by itself. Look with "sluicectl status".',
  SLUICE_IDS_EXHAUSTED: 'No id is free (nodes, egresses or pools); delete unused objects.',
  SLUICE_PIPELINE_VIOLATION: 'A flow breaks the declaration of its table; this is a defect of Sluice.',
  SLUICE_INTERNAL: 'An invariant of Sluice does not hold; please report it with the log.',
} as const;

export type ErrorCode = keyof typeof errorCodes;
