export type { CloudEventAttributes } from './cloud-event.js';
export { KafkaEventLog } from './event-log.js';
export { kafkaSettings, topicSettings } from './of-config.js';
export type {
  KafkaConnection,
  KafkaCredentials,
  KafkaEventLogOptions,
  KafkaLogger,
  KafkaTimeouts,
} from './settings.js';
export { defaultPartitions, type TopicSettings } from './topic.js';
