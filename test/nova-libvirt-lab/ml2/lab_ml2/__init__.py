"""Binds every port, on any host, to the Linux bridge br-prod that every host of the lab has: no agent is needed, and Nova
plugs real taps for real Neutron ports. The ports' MAC addresses are given: the guest derives its address from its own.

At the end of a live migration Nova activates the new binding twice at once (its lifecycle event, its own last step). Neutron 21 answers
500 to one of them where they meet, and Nova then leaves a VM in error that has gone over well (seen twice, on loaded machines). Here
they come one after the other: the second is told 409, which Nova knows."""
import eventlet.semaphore
from neutron_lib.plugins.ml2 import api


class LabBridge(api.MechanismDriver):
    def initialize(self):
        # Neutron loads its drivers from within this module: not before
        from neutron.plugins.ml2 import plugin

        one_at_a_time = eventlet.semaphore.Semaphore(1)
        activate = plugin.Ml2Plugin.activate

        def activate_alone(*args, **named):
            with one_at_a_time:
                return activate(*args, **named)

        plugin.Ml2Plugin.activate = activate_alone

    @property
    def connectivity(self):
        return 'l2'

    def bind_port(self, context):
        for segment in context.segments_to_bind:
            # port_filter: somebody else filters, so os-vif writes no iptables rules
            context.set_binding(segment[api.ID], 'bridge', {'port_filter': True, 'bridge_name': 'br-prod'}, status='ACTIVE')
            return
