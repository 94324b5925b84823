/**
 * What the controller shall write so that the cluster's objects say what is so: the result of `planCluster`. Complete and
 * level-triggered: the same world gives an empty plan once everything in it was written.
 */
import {
  type EgressAddressSpec,
  type EgressAddressStatus,
  type EgressClaim,
  type EgressGatewaySpec,
  type EgressGatewayStatus,
  type EgressPoolStatus,
  type Reason,
} from '@sluice/kube';

/** One entry of the annotation `sluice.dev/egress-status`. */
export interface EgressStatusEntry {
  readonly state: 'Ready' | 'Pending' | 'Refused';
  /** Canonical text; absent while none is allocated. */
  readonly address?: string;
  readonly gateway?: string;
  readonly reason?: Reason;
  readonly message?: string;
  /** Refused: the exact value of the annotation that was refused. */
  readonly request?: string;
}

export interface PlannedEvent {
  readonly regarding: {
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly message: string;
}

/** An id that was in use lately and must rest. */
export interface RestingId {
  readonly kind: 'node' | 'pool' | 'egress' | 'service';
  readonly id: number;
  /** Unix milliseconds from which it may be used again. */
  readonly untilMs: number;
}

/** Whom an address is for. */
export interface AddressUsers {
  readonly name: string;
  readonly uid: string;
  readonly claim: EgressClaim;
  /** Empty: nobody else. */
  readonly sharedWith: NonNullable<EgressAddressSpec['sharedWith']>;
  /** Empty: no Pods leave with it but those of its claim. */
  readonly pods: NonNullable<EgressAddressSpec['pods']>;
}

/** What the status of a LoadBalancer Service shall say. */
export interface IngressWrite {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Canonical, IPv4 first. Empty: none. */
  readonly addresses: readonly string[];
}

/** Value of `sluice.dev/service-ids` to write. */
export interface ServiceIdsWrite {
  readonly namespace: string;
  readonly name: string;
  /** To be named in the write: a Service of the same name may have come since, or none be there. */
  readonly uid: string;
  /** Undefined: remove the annotation. */
  readonly value: string | undefined;
}

/**
 * Why a Service has not the ids that its annotation says, or none. `ServiceIdsExhausted`: 65,535 are in use or rest, the
 * ports are not served. `ServiceIdTaken`: an older Service has the id, the ports got others. `ServiceIdsMalformed`: the
 * text was no list of ids, the ports got new ones.
 */
export type ServiceIdProblemReason = 'ServiceIdsExhausted' | 'ServiceIdTaken' | 'ServiceIdsMalformed';

export interface ServiceIdProblem {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly reason: ServiceIdProblemReason;
  /** As in the annotation: TCP/80. */
  readonly ports: readonly string[];
}

export interface ClusterPlan {
  /** Nodes whose annotation `sluice.dev/node-id` must be written. */
  readonly nodeIds: readonly { readonly name: string; readonly id: number }[];
  readonly gateways: {
    readonly create: readonly {
      readonly name: string;
      readonly spec: EgressGatewaySpec;
      readonly labels: Readonly<Record<string, string>>;
    }[];
    /** The controller's share of the status. */
    readonly status: readonly { readonly name: string; readonly status: EgressGatewayStatus }[];
    readonly remove: readonly { readonly name: string; readonly uid: string }[];
  };
  /** Written only over the version that they were made from: gateways write holders into the same list. */
  readonly pools: readonly {
    readonly name: string;
    readonly resourceVersion: string;
    readonly status: EgressPoolStatus;
  }[];
  readonly addresses: {
    readonly create: readonly { readonly name: string; readonly spec: EgressAddressSpec }[];
    /** Whom addresses are for, where that changed. */
    readonly users: readonly AddressUsers[];
    readonly status: readonly { readonly name: string; readonly status: EgressAddressStatus }[];
    readonly remove: readonly { readonly name: string; readonly uid: string }[];
  };
  /** Value of `sluice.dev/egress-status` to write; undefined: remove the annotation. */
  readonly namespaces: readonly {
    readonly name: string;
    readonly status: readonly EgressStatusEntry[] | undefined;
  }[];
  readonly serviceIds: {
    readonly write: readonly ServiceIdsWrite[];
    readonly problems: readonly ServiceIdProblem[];
  };
  /** `status.loadBalancer.ingress` of Services. */
  readonly ingress: readonly IngressWrite[];
  /** What happened with this plan. */
  readonly events: readonly PlannedEvent[];
  /** What is wrong as long as plans say so. */
  readonly problems: readonly PlannedEvent[];
  /** All ids that rest now, to be kept where the next leader finds them. */
  readonly resting: readonly RestingId[];
  /** Unix milliseconds at which time alone changes the plan (a lease ends, an id has rested); undefined: never. */
  readonly recheckAtMs?: number;
}
