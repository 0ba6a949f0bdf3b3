/** The typed client of the service. */
export { parseEventStream, type ServerSentEvent } from './event-stream-parser.ts';
export {
  type FollowedEvent,
  ProblemError,
  type SettleClient,
  type SettleClientOptions,
  settleClient,
} from './settle-client.ts';
