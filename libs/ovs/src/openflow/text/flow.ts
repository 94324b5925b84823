/** A flow in the words of ovs-ofctl, as `dump-flows --no-stats --no-names` prints it and `add-flow` takes it. */
import { type Action, type Flow, type FlowFlag, flowFlags, type MatchField } from '../flow.js';
import { actionList, formatActions } from '../action/list.js';
import { formatMatch, MatchParser, parseMatchSpan } from './match.js';
import { Span } from './scanner.js';
import { formatHex } from './values.js';

const defaultPriority = 0x8000;

/** Text of a dumped flow without its counters and without the leading space. */
export function formatFlow(flow: Flow): string {
  const { table, priority, cookie, idleTimeout = 0, hardTimeout = 0, flags = [], importance = 0 } = flow;
  const head = [
    ...(cookie === 0n ? [] : [`cookie=${formatHex(cookie)}, `]),
    ...(table === 0 ? [] : [`table=${String(table)}, `]),
    ...(idleTimeout === 0 ? [] : [`idle_timeout=${String(idleTimeout)}, `]),
    ...(hardTimeout === 0 ? [] : [`hard_timeout=${String(hardTimeout)}, `]),
    ...flowFlags.filter((flag) => flags.includes(flag)).map((flag) => `${flag} `),
    ...(importance === 0 ? [] : [`importance=${String(importance)}, `]),
  ].join('');
  const match = [
    ...(priority === defaultPriority ? [] : [`priority=${String(priority)}`]),
    ...[formatMatch(flow.match)].filter((text) => text !== ''),
  ].join(',');
  return `${head}${match === '' ? '' : `${match} `}actions=${formatActions(flow.actions)}`;
}

type Setting = (value: Span) => Partial<Flow>;
const ignored: Setting = () => ({});

const settings: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['table', (value) => ({ table: value.number(254) })],
  ['priority', (value) => ({ priority: value.number(0xffff) })],
  ['cookie', (value) => ({ cookie: value.integer(0xffff_ffff_ffff_ffffn) })],
  ['idle_timeout', (value) => ({ idleTimeout: value.number(0xffff) })],
  ['hard_timeout', (value) => ({ hardTimeout: value.number(0xffff) })],
  ['importance', (value) => ({ importance: value.number(0xffff) })],
  // What a dump with counters has besides.
  ...['duration', 'n_packets', 'n_bytes', 'idle_age', 'hard_age'].map((name) => [name, ignored] as const),
]);

const isFlag = (text: string): text is FlowFlag => flowFlags.some((flag) => flag === text);

function cutActions(span: Span): readonly [Span, Span] {
  const found = /(^|[\s,])actions?=/.exec(span.text);
  if (found === null) throw span.fail('"actions=" is missing');
  return [span.slice(0, found.index), span.slice(found.index + found[0].length)];
}

/** 0 is what the wire says for "never": absent, so that a flow has one form. */
const present = (flow: Flow): Flow => {
  const { idleTimeout, hardTimeout, importance, ...rest } = flow;
  return {
    ...rest,
    ...(idleTimeout && { idleTimeout }),
    ...(hardTimeout && { hardTimeout }),
    ...(importance && { importance }),
  };
};

/** Raises TextError, which says what is wrong and at which character. */
export function parseFlow(text: string): Flow {
  const [head, actions] = cutActions(new Span(text));
  const parser = new MatchParser();
  const flags: FlowFlag[] = [];
  let flow: Flow = { table: 0, priority: defaultPriority, cookie: 0n, match: [], actions: [] };
  for (const piece of head.split(', ')) {
    const pair = piece.cut('=');
    const setting = pair === undefined ? undefined : settings.get(pair[0].text);
    if (pair !== undefined && setting !== undefined) flow = { ...flow, ...setting(pair[1]) };
    else if (isFlag(piece.text)) flags.push(piece.text);
    else parser.add(piece);
  }
  return present({
    ...flow,
    ...(flags.length > 0 && { flags: flowFlags.filter((flag) => flags.includes(flag)) }),
    match: parser.finish(head),
    actions: actionList.parse(actions),
  });
}

/** A match alone: `ip,nw_dst=10.0.0.0/8`. In canonical form. */
export const parseMatch = (text: string): readonly MatchField[] => parseMatchSpan(new Span(text));
export const parseActions = (text: string): readonly Action[] => actionList.parse(new Span(text));
