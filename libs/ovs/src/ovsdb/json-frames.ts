/** Cuts a stream of JSON objects, which nothing separates (RFC 7047 section 4), into values. */
import { OvsError } from '../errors.js';

const quote = 0x22;
const backslash = 0x5c;

export class JsonFrames {
  #text = '';
  #at = 0;
  #depth = 0;
  #inString = false;

  /** Takes what the stream gave, gives the objects that are complete. Throws OVS_DATABASE_PROTOCOL for what is no JSON. */
  push(chunk: string): readonly unknown[] {
    this.#text += chunk;
    const values: unknown[] = [];
    for (let end = this.#end(); end !== undefined; end = this.#end()) {
      values.push(parse(this.#text.slice(0, end)));
      this.#text = this.#text.slice(end);
      this.#at = 0;
    }
    return values;
  }

  /** Where the first object ends; undefined: not yet. */
  #end(): number | undefined {
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (this.#inString) {
        if (code === backslash) this.#at++;
        else if (code === quote) this.#inString = false;
      } else if (code === quote) {
        this.#inString = true;
      } else if (code === 0x7b || code === 0x5b) {
        this.#depth++;
      } else if (code === 0x7d || code === 0x5d) {
        this.#depth--;
        if (this.#depth <= 0) {
          this.#depth = 0;
          return this.#at + 1;
        }
      } else if (this.#depth === 0 && code > 0x20) {
        throw malformed(this.#text);
      }
    }
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(text, cause);
  }
}

const malformed = (text: string, cause?: unknown): OvsError =>
  new OvsError('OVS_DATABASE_PROTOCOL', { message: `not JSON-RPC: ${text.slice(0, 80)}`, cause });
