/** A piece of a longer text that knows where it stands, so that an error can point at the character. */
import { TextError } from '../../errors.js';

export class Span {
  constructor(
    readonly source: string,
    readonly from = 0,
    readonly to = source.length,
  ) {}

  get text(): string {
    return this.source.slice(this.from, this.to);
  }

  get isEmpty(): boolean {
    return this.from >= this.to;
  }

  fail(what: string): TextError {
    return new TextError(what, this.source, this.from);
  }

  /** From `start` to `end`, counted from this piece's beginning. */
  slice(start: number, end = this.to - this.from): Span {
    return new Span(this.source, this.from + start, this.from + end);
  }

  trim(): Span {
    const { text } = this;
    const lead = text.length - text.trimStart().length;
    return this.slice(lead, Math.max(lead, text.trimEnd().length));
  }

  /** Cuts at `separator`; undefined when it is not there. */
  cut(separator: string): readonly [Span, Span] | undefined {
    const at = this.text.indexOf(separator);
    return at < 0 ? undefined : [this.slice(0, at), this.slice(at + separator.length)];
  }

  /** The pieces between separators that stand outside of parentheses, empty ones left out. */
  split(separators: string): readonly Span[] {
    return this.parts(separators).filter((part) => !part.isEmpty);
  }

  /** As `split`, with the empty pieces. */
  parts(separators: string): readonly Span[] {
    const { text } = this;
    const parts: Span[] = [];
    let depth = 0;
    let start = 0;
    for (let i = 0; i < text.length; i += 1) {
      const char = text.charAt(i);
      if (char === '(') depth += 1;
      else if (char === ')') depth -= 1;
      else if (depth === 0 && separators.includes(char)) {
        parts.push(this.slice(start, i));
        start = i + 1;
      }
    }
    if (depth !== 0) throw this.fail(depth > 0 ? 'parenthesis is not closed' : 'too many parentheses');
    parts.push(this.slice(start));
    return parts;
  }

  /** What stands in the parentheses that this piece is: `(…)`. */
  inParentheses(): Span {
    const { text } = this;
    if (!text.startsWith('(') || !text.endsWith(')')) throw this.fail('"(…)" expected');
    return this.slice(1, text.length - 1);
  }

  /** An unsigned integer, decimal or 0x hexadecimal, up to `max`. */
  integer(max: bigint): bigint {
    const { text } = this;
    if (!/^(0x[0-9a-fA-F]+|\d+)$/.test(text)) throw this.fail(`"${text}" is not a number`);
    const value = BigInt(text);
    if (value > max) throw this.fail(`${text} is more than ${String(max)}`);
    return value;
  }

  number(max = 0xffff_ffff): number {
    return Number(this.integer(BigInt(max)));
  }
}
