import { goto } from '../pipeline/actions.js';
import { defineTable, row } from '../pipeline/table.js';

export const send = defineTable({
  name: 'send',
  stage: 'agent',
  roles: ['agent'],
  summary: 'The one exit of the Pods towards gateways.',
  matches: [],
  sets: [],
  next: ['to-node'],
  miss: 'drop',
  rows: { node: ({ agent }) => (agent ? [row(100, [], goto('to-node'))] : []) },
});
