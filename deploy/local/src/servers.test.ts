import assert from 'node:assert/strict';
import { it } from 'node:test';
import { kafkaClusterId } from './servers.ts';

it("Kafka's cluster id never begins with '-', which its tools take for an option", () => {
  for (let first = 0; first < 256; first++) {
    const id = kafkaClusterId(`${first.toString(16).padStart(2, '0')}d7bea1-1234-4abc-8def-0123456789ab`);
    assert.match(id, /^[A-Za-z0-9][A-Za-z0-9_-]{21}$/);
  }
  assert.notEqual(kafkaClusterId('00d7bea1-1234-4abc-8def-0123456789ab'), kafkaClusterId('00d7bea1-1234-4abc-8def-0123456789ac'));
});
