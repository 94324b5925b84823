/** Groups and meters in the words of ovs-ofctl: `dump-groups`, `add-group`, `dump-meters`, `add-meter`. */
import { actionList, formatActions } from '../action/list.js';
import { fieldSpec, rankOf } from '../fields.js';
import { type Action, type Bucket, type Group } from '../flow.js';
import { allOnes } from '../wire/oxm.js';
import { formatPort, parsePort } from './ports.js';
import { Span } from './scanner.js';
import { parseField } from './subfield.js';
import { formatValue, parseValue } from './values.js';

type Selection = NonNullable<Group['selection']>;
type HashField = Selection['fields'][number];

function formatHashField({ field, mask }: HashField): string {
  const name = fieldSpec(field).ofctl ?? field;
  return mask === undefined || mask === allOnes(field)
    ? name
    : `${name}=${formatValue(field, { value: mask })}`;
}

function formatSelection({ method, fields }: Selection): string {
  const list = [...fields]
    .sort((a, b) => rankOf(a.field) - rankOf(b.field))
    .map(formatHashField)
    .join(',');
  const shown = fields.length === 1 && !list.includes('=') ? `,fields=${list}` : `,fields(${list})`;
  return `,selection_method=${method}${fields.length === 0 ? '' : shown}`;
}

function formatBucket(type: Group['type'], bucket: Bucket): string {
  const { id, weight = 1, watchPort, watchGroup, actions } = bucket;
  const parts = [
    `bucket=bucket_id:${String(id)}`,
    ...(type !== 'select' || weight === 1 ? [] : [`weight:${String(weight)}`]),
    ...(watchPort === undefined ? [] : [`watch_port:${formatPort(watchPort)}`]),
    ...(watchGroup === undefined ? [] : [`watch_group:${String(watchGroup)}`]),
    `actions=${formatActions(actions)}`,
  ];
  return `,${parts.join(',')}`;
}

/** One line of `dump-groups` without the leading space. */
export function formatGroup({ id, type, selection, buckets }: Group): string {
  const head = `group_id=${String(id)},type=${type}`;
  const method = selection === undefined ? '' : formatSelection(selection);
  return `${head}${method}${buckets.map((bucket) => formatBucket(type, bucket)).join('')}`;
}

function parseHashField(piece: Span): HashField {
  const pair = piece.cut('=');
  if (pair === undefined) return { field: parseField(piece) };
  const field = parseField(pair[0]);
  const { value } = parseValue(field, pair[1]);
  return value === allOnes(field) ? { field } : { field, mask: value };
}

function parseMethod(value: Span): Selection['method'] {
  const { text } = value;
  if (text !== 'hash' && text !== 'dp_hash') throw value.fail(`"${text}" is not a selection method`);
  return text;
}

const groupTypes = ['all', 'select', 'indirect', 'ff'] as const;

function parseType(value: Span): Group['type'] {
  const name = value.text === 'fast_failover' ? 'ff' : value.text;
  const type = groupTypes.find((one) => one === name);
  if (type === undefined) throw value.fail(`"${value.text}" is not a group type`);
  return type;
}

/** Properties of a bucket take `:` or `=`; the rest are actions, with or without `actions=` before them. */
const bucketPart = /^(bucket_id|weight|watch_port|watch_group)[:=]/;

interface Draft {
  readonly properties: Partial<Bucket>;
  readonly actions: readonly Action[];
}

function parseProperty(name: string, value: Span): Partial<Bucket> {
  if (name === 'bucket_id') return { id: value.number() };
  if (name === 'watch_port') return { watchPort: parsePort(value) };
  if (name === 'watch_group') return { watchGroup: value.number() };
  const weight = value.number(0xffff);
  return weight === 1 ? {} : { weight };
}

function parseDraft(span: Span): Draft {
  let properties: Partial<Bucket> = {};
  const actions: Action[] = [];
  for (const piece of span.split(',')) {
    const found = bucketPart.exec(piece.text);
    if (found !== null) {
      properties = { ...properties, ...parseProperty(found[1] ?? '', piece.slice(found[0].length)) };
      continue;
    }
    const prefix = /^actions?=/.exec(piece.text)?.[0].length ?? 0;
    actions.push(...actionList.parse(piece.slice(prefix)));
  }
  return { properties, actions };
}

/** Buckets without an id get the smallest that are free, as ovs-ofctl gives them. */
function numbered(drafts: readonly Draft[]): readonly Bucket[] {
  const taken = new Set(drafts.flatMap(({ properties: { id } }) => (id === undefined ? [] : [id])));
  let next = 0;
  return drafts.map(({ properties, actions }) => {
    if (properties.id !== undefined) return { ...properties, id: properties.id, actions };
    while (taken.has(next)) next += 1;
    taken.add(next);
    return { ...properties, id: next, actions };
  });
}

interface Head {
  readonly id?: number;
  readonly type?: Group['type'];
  readonly method?: Selection['method'];
  readonly fields?: Selection['fields'];
}

function parseHeadPart(piece: Span): Head {
  if (piece.text.startsWith('fields(')) {
    return { fields: piece.slice(6).inParentheses().split(',').map(parseHashField) };
  }
  const [key, value] = piece.cut('=') ?? [];
  if (key?.text === 'group_id' && value !== undefined) return { id: value.number() };
  if (key?.text === 'type' && value !== undefined) return { type: parseType(value) };
  if (key?.text === 'selection_method' && value !== undefined) return { method: parseMethod(value) };
  if (key?.text === 'fields' && value !== undefined) {
    const list = value.text.startsWith('(') ? value.inParentheses() : value;
    return { fields: list.split(',').map(parseHashField) };
  }
  throw piece.fail(`a group has no "${piece.text}"`);
}

/** Raises TextError, which says what is wrong and at which character. */
export function parseGroup(text: string): Group {
  const span = new Span(text).trim();
  const starts = [...span.text.matchAll(/(?:^|,)buckets?=/g)];
  const ends = starts.map((_, i) => starts[i + 1]?.index ?? span.text.length);
  const drafts = starts.map((start, i) => parseDraft(span.slice(start.index + start[0].length, ends[i])));
  const head = span
    .slice(0, starts[0]?.index ?? span.text.length)
    .split(', ')
    .map(parseHeadPart)
    .reduce<Head>((all, part) => ({ ...all, ...part }), {});
  if (head.id === undefined || head.type === undefined) throw span.fail('group_id and type are needed');
  const { id, type, method, fields = [] } = head;
  if (method === undefined && fields.length > 0) throw span.fail('fields need a selection_method');
  return {
    id,
    type,
    ...(method !== undefined && { selection: { method, fields } }),
    buckets: numbered(drafts),
  };
}
