/** zod → the structural schema (OpenAPI v3 subset) that the API server accepts in a CRD. */
import { z } from 'zod';
import { type CelRule } from './fields.js';

/** The part of OpenAPI v3 that our schemas use. */
export interface StructuralSchema {
  type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  description?: string;
  default?: unknown;
  enum?: readonly string[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  items?: StructuralSchema;
  properties?: Record<string, StructuralSchema>;
  additionalProperties?: StructuralSchema;
  required?: readonly string[];
  'x-kubernetes-validations'?: readonly CelRule[];
}

/** zod writes these for every integer; they say nothing. */
const emptyBounds = new Set<unknown>([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
/** Not allowed in a structural schema. */
const foreign = new Set(['$schema', 'propertyNames']);

/** Fields with a default are optional: the API server fills them in. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' });
  return clean(json) as StructuralSchema;
}

function clean(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(clean);
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node)
    .filter(([key, value]) => !foreign.has(key) && !isEmptyBound(key, value))
    .map(([key, value]) => [key, clean(value)] as const);
  return Object.fromEntries(kept);
}

const isEmptyBound = (key: string, value: unknown): boolean =>
  (key === 'minimum' || key === 'maximum') && emptyBounds.has(value);
