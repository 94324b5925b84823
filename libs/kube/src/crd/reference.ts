/** The Markdown reference of the custom resources: every field, condition and reason. */
import { crdGroup, crdVersion, type CrdDefinition } from './definition.js';
import { crdDefinitions } from './definitions.js';
import { reasons } from './reasons.js';
import { objectSchema } from './render.js';
import { type StructuralSchema } from './structural.js';

/** `docs/reference/resources.md`. */
export function renderCrdReference(): string {
  const intro = [
    '# Custom resources',
    `API group \`${crdGroup}\`, version \`${crdVersion}\`, all cluster-scoped. \`kubectl get sluice\` shows them together. Generated from \`libs/kube/src/crd\`.`,
  ];
  return `${[...intro, ...crdDefinitions.flatMap(section), ...reasonSection()].join('\n\n')}\n`;
}

function section(crd: CrdDefinition): string[] {
  const { properties = {} } = objectSchema(crd);
  return [
    `## ${crd.kind}`,
    `${crd.description} Short name \`${crd.shortName}\`.`,
    `\`\`\`yaml\n${crd.example}\`\`\``,
    fieldTable('spec', properties.spec),
    rules('spec', properties.spec),
    fieldTable('status', properties.status),
    table(
      ['Condition', 'When it is True'],
      Object.entries(crd.conditions).map(([type, text]) => [type, text]),
    ),
  ];
}

function reasonSection(): string[] {
  const rows = Object.entries(reasons).map(([reason, text]) => [`\`${reason}\``, text]);
  return [
    '## Reasons',
    'The closed list of reasons in conditions and events.',
    table(['Reason', 'Meaning'], rows),
  ];
}

function fieldTable(path: string, schema: StructuralSchema | undefined): string {
  return table(['Field', 'Type', 'Default', 'Description'], fields(path, schema));
}

function fields(path: string, schema: StructuralSchema | undefined): string[][] {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => {
    const inner = field.type === 'array' ? field.items : field;
    const here = `${path}.${name}${field.type === 'array' ? '[]' : ''}`;
    const required = schema?.required?.includes(name) === true ? 'required' : '';
    const fallback = field.default === undefined ? required : `\`${JSON.stringify(field.default)}\``;
    return [[`\`${here}\``, typeText(field), fallback, field.description ?? ''], ...fields(here, inner)];
  });
}

function typeText(schema: StructuralSchema): string {
  if (schema.type === 'array')
    return schema.items === undefined ? 'list' : `list of ${typeText(schema.items)}`;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(' or ');
  if (schema.additionalProperties !== undefined) return 'map of string';
  if (schema.minimum === undefined && schema.maximum === undefined) return schema.type;
  return `${schema.type} ${String(schema.minimum ?? '')}..${String(schema.maximum ?? '')}`;
}

function rules(path: string, schema: StructuralSchema | undefined): string {
  const rows = collectRules(path, schema).map(([where, message]) => `- \`${where}\`: ${message}`);
  return `The API server checks:\n\n${rows.join('\n')}`;
}

function collectRules(path: string, schema: StructuralSchema | undefined): string[][] {
  if (schema === undefined) return [];
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ message }) => [path, message]);
  const items = schema.items === undefined ? [] : collectRules(`${path}[]`, schema.items);
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    collectRules(`${path}.${name}`, field),
  );
  return [...own, ...items, ...inner];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
