/** The reference of error codes. */
import { errorCodes } from '@sluice/core';
import { ovsErrorCodes } from '@sluice/ovs';

const table = (codes: Readonly<Record<string, string>>): string =>
  [
    '| Code | Meaning and what to do |',
    '| --- | --- |',
    ...Object.entries(codes).map(([code, text]) => `| \`${code}\` | ${text} |`),
  ].join('\n');

export const renderErrors = (): string => `# Error codes

Every error that Sluice logs carries a stable code.

${table(errorCodes)}

## Open vSwitch client

The client library stands alone; Sluice wraps these in the codes above.

${table(ovsErrorCodes)}
`;
