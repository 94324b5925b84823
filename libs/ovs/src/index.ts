export { CodecError, OvsError, type OvsErrorCode, TextError, ovsErrorCodes } from './errors.js';
export { type FieldName, type FieldSpec, fieldBits, fieldNames, fieldSpec } from './openflow/fields.js';
export * from './openflow/flow.js';
export * from './openflow/messages.js';
export { type Received, decodeMessage, encodeInto, encodeMessage } from './openflow/codec.js';
export { formatActions } from './openflow/action/list.js';
export { formatFlow, parseActions, parseFlow, parseMatch } from './openflow/text/flow.js';
export { formatMatch } from './openflow/text/match.js';
export { FrameDecoder } from './openflow/wire/frame-decoder.js';
export { Writer } from './openflow/wire/writer.js';
export { flowBody, flowKey, groupBody, groupKey, meterBody, meterKey } from './openflow/keys.js';
export { type FlowDump, flowDump, type GroupDump, groupDump } from './openflow/dump.js';
export { formatGroup, parseGroup } from './openflow/text/group.js';
export { formatMeter, parseMeter } from './openflow/text/meter.js';
export { OpenFlowClient, type OpenFlowClientOptions } from './client/client.js';
export { OpenFlowConnection, type ConnectionOptions, type Unasked } from './client/connection.js';
export { commitBundle } from './client/bundle.js';
export { OvsdbClient, type Operation, type OvsdbClientOptions, type Watched } from './ovsdb/client.js';
export {
  type BridgePort,
  type BridgeSettings,
  type InterfaceState,
  SwitchDatabase,
} from './ovsdb/switch-database.js';
export { type Atom, mapOf, namedUuid, type Row, setOf, uuid, type Value } from './ovsdb/value.js';
export { controlSocket, unixctl } from './unixctl/unixctl.js';
