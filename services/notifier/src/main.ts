import { openBackbone, wallClock } from '@lifeboat/backbone';
import { runService } from '@lifeboat/runtime/process';
import { channelsFrom, openChannels } from './perform/channels.ts';
import { notifier } from './service.ts';
import { notifierSettings } from './settings.ts';
import { notifierWorld, troublesOf } from './world.ts';

await runService({
  name: 'notifier',
  clock: wallClock(),
  open: openBackbone,
  settings: channelsFrom,
  make: ({ more, topology, clock, counter, gauge, standing }) => {
    const { close, ...opened } = openChannels(more, clock);
    const count = counter('lifeboat_messages_heard_total', 'What came in from people and providers, by what it was taken for.', 'as');
    const ports = { ...opened, count };
    const troubles = () => troublesOf(ports).filter(([, trouble]) => trouble !== null);
    standing(() => troubles().map(([channel, trouble]) => `no answers come in by ${channel}: ${trouble}`));
    gauge('lifeboat_channels_troubled', 'Ways by which no answers can come in just now, seen by the leader.', () => troubles().length);
    return { definition: notifier(notifierSettings(topology, { webUrl: more.web?.url ?? null })), world: notifierWorld(ports), close };
  },
});
