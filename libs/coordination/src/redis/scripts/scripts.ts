/** All scripts by name, as ioredis defines them: EVALSHA, and EVAL where a server does not know the script yet. */
import { assert } from './assert.lua.js';
import { claim } from './claim.lua.js';
import { handOver } from './hand-over.lua.js';
import { release } from './release.lua.js';
import { renew } from './renew.lua.js';

export const scripts = { renew, claim, assert, release, handOver } as const;

export type ScriptName = keyof typeof scripts;
