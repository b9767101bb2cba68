"""Binds every port, on any host, to the Linux bridge br-prod that every host of the lab has: no agent is needed, and Nova
plugs real taps for real Neutron ports. The ports' MAC addresses are given: the guest derives its address from its own."""
from neutron_lib.plugins.ml2 import api


class LabBridge(api.MechanismDriver):
    def initialize(self):
        pass

    @property
    def connectivity(self):
        return 'l2'

    def bind_port(self, context):
        for segment in context.segments_to_bind:
            # port_filter: somebody else filters, so os-vif writes no iptables rules
            context.set_binding(segment[api.ID], 'bridge', {'port_filter': True, 'bridge_name': 'br-prod'}, status='ACTIVE')
            return
