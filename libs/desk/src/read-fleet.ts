import { wallClock } from '@lifeboat/adapters-memory/wall-clock';
import { openOpenStack } from '@lifeboat/adapters-openstack';
import type { Fleet, Topology } from '@lifeboat/contracts';
import { complain, describeFailure } from '@lifeboat/kernel';

/** The fleet as it is now, by the same settings as the scheduler's: OS_CLOUD with clouds.yaml, or OS_*. Throws in words. */
export async function readFleet(env: Readonly<Record<string, string | undefined>>, topology: Topology): Promise<Fleet> {
  const opened = openOpenStack({ env, clock: wallClock(), topology: () => topology });
  if (!opened.ok) throw new Error(opened.complaints.map(complain).join('\n'));
  try {
    const fleet = await opened.value.fleet();
    if (!fleet.ok) throw new Error(`the fleet could not be read from OpenStack: ${describeFailure(fleet)}`);
    return fleet.value;
  } finally {
    await opened.value.close();
  }
}
