/** CustomResourceDefinition manifests from the definitions. */
import { stringify } from 'yaml';
import { crdGroup, crdVersion, type CrdDefinition, type PrinterColumn } from './definition.js';
import { crdDefinitions } from './definitions.js';
import { structuralSchema, type StructuralSchema } from './structural.js';

/** The objects as `kubectl apply` takes them. */
export const crdObjects = (): readonly object[] => crdDefinitions.map(crdObject);

/** All CRDs as one YAML stream. */
export const renderCrds = (): string =>
  crdObjects()
    .map((crd) => `---\n${stringify(crd, { lineWidth: 120, aliasDuplicateObjects: false })}`)
    .join('');

/** The schema of a whole object: what `kubectl explain` shows. */
export function objectSchema(crd: CrdDefinition): StructuralSchema {
  return {
    type: 'object',
    description: crd.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structuralSchema(crd.spec),
      status: structuralSchema(crd.status),
    },
  };
}

function crdObject(crd: CrdDefinition): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${crd.plural}.${crdGroup}`, labels: { 'app.kubernetes.io/part-of': 'sluice' } },
    spec: {
      group: crdGroup,
      scope: 'Cluster',
      names: {
        kind: crd.kind,
        listKind: `${crd.kind}List`,
        plural: crd.plural,
        singular: crd.singular,
        shortNames: [crd.shortName],
        categories: ['sluice'],
      },
      versions: [
        {
          name: crdVersion,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: crd.columns.map(printerColumn),
          schema: { openAPIV3Schema: objectSchema(crd) },
        },
      ],
    },
  };
}

const printerColumn = ({ wide, ...column }: PrinterColumn): object =>
  wide === true ? { ...column, priority: 1 } : column;
