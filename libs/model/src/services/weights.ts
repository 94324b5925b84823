/**
 * The annotation `sluice.dev/weights` of a Service: how much of its new connections each endpoint gets, by the names of Pods.
 *
 *   web-canary-*=5,*=95          PATTERN=WEIGHT, the first pattern that fits counts; * at the end stands for any rest
 *
 * A weight is that of each endpoint, not of all that the pattern names. Endpoints that nothing names have 100; 0 gets no new
 * connections.
 */
import { type Service } from '@sluice/kube';
import { weightsAnnotation } from '../names.js';

export type WeightOf = (podName: string | undefined) => number;

export type ParsedWeights =
  | { readonly ok: true; readonly weightOf: WeightOf }
  /** What is wrong, and at which character (1 is the first one). */
  | { readonly ok: false; readonly message: string };

const defaultWeight = 100;
const mostWeight = 1000;
const mostRules = 64;

interface Rule {
  readonly prefix: string;
  /** The whole name, not its beginning. */
  readonly exact: boolean;
  readonly weight: number;
}

const form =
  'write POD=WEIGHT or BEGINNING*=WEIGHT, several separated by commas, with weights from 0 to 1000';

/** Undefined: nothing of the kind is asked for. */
export function weightsOf({ metadata }: Service): ParsedWeights | undefined {
  const text = metadata.annotations?.[weightsAnnotation];
  return text === undefined || text.trim() === '' ? undefined : parseWeights(text);
}

function parseWeights(text: string): ParsedWeights {
  const rules: Rule[] = [];
  let column = 1;
  for (const part of text.split(',')) {
    const rule = ruleIn(part.trim());
    const at = column + (part.length - part.trimStart().length);
    if (rule === undefined) return wrong(`"${part.trim().slice(0, 60)}" at character ${String(at)}`);
    rules.push(rule);
    column += part.length + 1;
  }
  if (rules.length > mostRules)
    return wrong(`${String(rules.length)} patterns are more than ${String(mostRules)}`);
  return { ok: true, weightOf: (name) => rules.find((rule) => fits(rule, name))?.weight ?? defaultWeight };
}

const wrong = (what: string): ParsedWeights => ({ ok: false, message: `${what} is no weight; ${form}` });

function ruleIn(text: string): Rule | undefined {
  const [, prefix = '', star, digits = ''] = /^([a-z0-9][-a-z0-9.]*|)(\*?)\s*=\s*(\d{1,4})$/.exec(text) ?? [];
  const weight = Number(digits);
  if (digits === '' || weight > mostWeight || (prefix === '' && star === '')) return undefined;
  return { prefix, exact: star === '', weight };
}

const fits = ({ prefix, exact }: Rule, name: string | undefined): boolean =>
  exact ? name === prefix : prefix === '' || name?.startsWith(prefix) === true;
