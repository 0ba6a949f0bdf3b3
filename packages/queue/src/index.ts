/** What does the queue offer? A doorbell: producers say that a job was given a lease, consumers hear of it once. */
export type { Delivery } from './delivery.ts';
export { type ConsumerOptions, type DeliveryConsumer, openConsumer } from './delivery-consumer.ts';
export { type DeliveryProducer, openProducer, type ProducerOptions } from './delivery-producer.ts';
export { prepareQueue } from './prepare-queue.ts';
export { type QueueConfig, queueConfig } from './queue-config.ts';
