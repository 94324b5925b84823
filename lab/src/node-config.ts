/** Configuration of a node's programs, as text. Pure. */
import { type LabPlan, type NodePlan } from './plan.js';
import { clusterCidrs, ofFamilies } from './plan.js';
import { nodeFiles } from './node-filesystem.js';

/** `restrict_oom_score_adj`: runc could not set what the kubelet asks for where root lacks CAP_SYS_RESOURCE. */
export const containerdConfig = (sandboxImage: string): string => `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
  address = "/run/containerd/containerd.sock"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`;

/** A KubeletConfiguration; JSON is YAML. Images are never removed: nobody could pull them again. */
export const kubeletConfig = (plan: LabPlan, node: NodePlan): string =>
  JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { x509: { clientCAFile: `${nodeFiles}/ca.crt` }, anonymous: { enabled: false } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: `${nodeFiles}/node.crt`,
    tlsPrivateKeyFile: `${nodeFiles}/node.key`,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    clusterDomain: 'cluster.local',
    clusterDNS: ofFamilies(plan, plan.host),
    resolvConf: `${nodeFiles}/resolv.conf`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${node.namespace}`,
    failCgroupV1: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    makeIPTablesUtilChains: false,
    evictionHard: {
      'memory.available': '1Mi',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
    },
    imageGCHighThresholdPercent: 100,
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
  });

/** KubeProxyConfiguration. Conntrack limits stay: they belong to the machine and cannot be written in a namespace. */
export const kubeProxyConfig = (plan: LabPlan, node: NodePlan): string =>
  JSON.stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: `${nodeFiles}/kube-proxy.kubeconfig` },
    mode: 'nftables',
    hostnameOverride: node.name,
    clusterCIDR: ofFamilies(plan, clusterCidrs).join(','),
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  });
