export { CodecError, OvsError, type OvsErrorCode, TextError, ovsErrorCodes } from './errors.js';
export { type FieldName, type FieldSpec, fieldBits, fieldNames, fieldSpec } from './openflow/fields.js';
export * from './openflow/flow.js';
export * from './openflow/messages.js';
