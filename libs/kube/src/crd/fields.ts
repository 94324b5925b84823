/** Building blocks of the CRD schemas: texts with a format, CEL rules, and the limits that keep CEL's cost bounded. */
import { z } from 'zod';

/** A CEL rule as `x-kubernetes-validations` has it. `self` is the value, `oldSelf` the one before an update. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

export const cel = (
  ...rules: readonly CelRule[]
): { readonly 'x-kubernetes-validations': readonly CelRule[] } => ({
  'x-kubernetes-validations': rules,
});

export const immutable = (field: string): CelRule => ({
  rule: 'self == oldSelf',
  message: `${field} is immutable`,
});

/** An IPv6 address is at most 39 characters, 45 with an embedded IPv4 address. */
const longestIp = 45;

export const ipText = z
  .string()
  .max(longestIp)
  .meta(cel({ rule: 'isIP(self)', message: 'must be an IPv4 or IPv6 address' }));

/** Equal addresses have equal text: what Sluice itself writes. */
export const canonicalIpText = z
  .string()
  .max(longestIp)
  .meta(
    cel({
      rule: 'isIP(self) && ip.isCanonical(self)',
      message: 'must be an IPv4 or IPv6 address in canonical form (RFC 5952)',
    }),
  );

export const cidrText = z
  .string()
  .max(longestIp + 4)
  .meta(cel({ rule: 'isCIDR(self)', message: 'must be a CIDR such as 198.18.0.0/24 or 2001:db8::/64' }));

export const ipOrCidrText = z
  .string()
  .max(longestIp + 4)
  .meta(cel({ rule: 'isIP(self) || isCIDR(self)', message: 'must be an IP address or a CIDR' }));

/** RFC 1123 subdomain: the name of most objects. */
export const nameText = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

export const count = z.int().min(0);

export const timeText = z.string().max(64).meta({ format: 'date-time' });

const labelValue = z.string().max(63);
const labelKey = z.string().min(1).max(316);

const labelRequirement = z
  .object({
    key: labelKey,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(labelValue).max(32).optional(),
  })
  .meta(
    cel(
      {
        rule: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
        message: 'In and NotIn need values',
      },
      {
        rule: "self.operator in ['In', 'NotIn'] || !has(self.values) || size(self.values) == 0",
        message: 'Exists and DoesNotExist take no values',
      },
    ),
  );

/** As metav1.LabelSelector: all parts must match; an empty selector matches everything. */
export const labelSelector = z.object({
  matchLabels: z
    .record(z.string(), labelValue)
    .meta({ maxProperties: 32 })
    .optional()
    .describe('Labels that must all be present with these values.'),
  matchExpressions: z.array(labelRequirement).max(32).optional().describe('Requirements that must all hold.'),
});
