import { inboundContract, textSenderContract } from '@lifeboat/ports/messaging.contract';
import { MemoryInbox, memoryPhones, wallClock } from './index.ts';

const outageOf = (reachable: (yes: boolean) => void) => ({ away: async () => reachable(false), back: async () => reachable(true) });

textSenderContract('memory', async () => {
  const refused = '+8613800000000';
  const phones = memoryPhones(wallClock(), (to) => to === refused);
  return {
    sender: phones.sender,
    inbound: phones.inbound,
    arrived: async () => phones.texts(),
    refused,
    outage: outageOf(phones.reachable),
    settle: async (id, state) => phones.settle(id, state),
    close: async () => undefined,
  };
});

for (const channel of ['sms', 'e-mail'] as const)
  inboundContract(`memory, ${channel}`, async () => {
    const inbox = new MemoryInbox(channel, wallClock());
    return {
      channel,
      senders: channel === 'sms' ? ['+8613812341234', '+4915112345678'] : ['li.wei@example.org', 'chen@example.org'],
      open: () => inbox,
      arrive: async (from, text) => inbox.write(from, text),
      outage: outageOf((yes) => inbox.reachable(yes)),
      close: async () => undefined,
    };
  });
