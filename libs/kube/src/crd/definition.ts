/** What a CRD is made of; YAML, reference and descriptors are rendered from it. */
import { type z } from 'zod';
import { type CelRule } from './fields.js';

export const crdGroup = 'sluice.dev';
export const crdVersion = 'v1alpha1';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Shown by `-o wide` only. */
  readonly wide?: boolean;
}

export interface CrdDefinition {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: z.ZodObject;
  readonly status: z.ZodObject;
  /** Rules on the whole object, where metadata.name can be seen. */
  readonly rules?: readonly CelRule[];
  readonly columns: readonly PrinterColumn[];
  /** Condition type → what it says when it is True. */
  readonly conditions: Readonly<Record<string, string>>;
  /** A whole object as YAML, shown in the reference. */
  readonly example: string;
}

/** A column that shows a field of the condition of a type. */
export const conditionPath = (type: string, field: string): string =>
  `.status.conditions[?(@.type=="${type}")].${field}`;

export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Since when the object exists.',
};
