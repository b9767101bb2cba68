import { CONTROL, hostName, mgmtAddress, STORAGE, sharedDir } from './places.ts';

const PASSWORD = 'labsecret';
const PORT = 24900;

const as = (user: string) => `auth_type = password
auth_url = http://${CONTROL}:5000
project_domain_name = Default
user_domain_name = Default
project_name = service
username = ${user}
password = ${PASSWORD}
region_name = RegionOne`;

/** A whole nova.conf of a compute with the libvirt driver. Everything of the control plane is reached over the management network. */
export const novaConf = (n: number, itself: string): string => `[DEFAULT]
host = ${hostName(n)}
my_ip = ${mgmtAddress(n)}
transport_url = rabbit://openstack:${PASSWORD}@${CONTROL}:5672/
compute_driver = libvirt.LibvirtDriver
state_path = /var/lib/nova
instances_path = /var/lib/nova/instances
log_file = /var/log/nova-compute.log
report_interval = 10
service_down_time = 60
rpc_response_timeout = 60
resume_guests_state_on_host_boot = false
vif_plugging_is_fatal = false
vif_plugging_timeout = 0
# more than libvirt sees would be an empty inventory: nothing could be booted, and nothing would say why
reserved_host_memory_mb = 512
initial_cpu_allocation_ratio = 16
initial_ram_allocation_ratio = 1
flat_injected = false
[libvirt]
virt_type = qemu
cpu_mode = none
images_type = qcow2
disk_cachemodes = file=none
live_migration_uri = qemu+tcp://%s/system
live_migration_inbound_addr = ${mgmtAddress(n)}
[vnc]
enabled = false
[spice]
enabled = false
[glance]
endpoint_override = http://${CONTROL}:9292
[neutron]
endpoint_override = http://${CONTROL}:9696
${as('neutron')}
[placement]
endpoint_override = http://${CONTROL}:8778
${as('placement')}
[service_user]
send_service_user_token = true
${as('nova')}
[oslo_concurrency]
lock_path = /var/lib/nova/lock
# privileged helpers without sudo
${['nova_sys_admin', 'vif_plug_linux_bridge_privileged', 'privsep_osbrick']
  .map((s) => `[${s}]\nhelper_command = privsep-helper --config-file ${itself}`)
  .join('\n')}
`;

export const libvirtdConf = (n: number): string => `host_uuid = "00000000-0000-4000-8000-${String(n).padStart(12, '0')}"
unix_sock_rw_perms = "0700"
auth_unix_rw = "none"
auth_unix_ro = "none"
listen_tls = 0
listen_tcp = 1
listen_addr = "${mgmtAddress(n)}"
auth_tcp = "none"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
`;
export const qemuConf = `user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "file"
`;
/**
 * The lab's hosts are namespaces of one machine, and root's shell reads its start-up files in each of them: what those set up
 * (pyenv: a minute, where a login was killed while it held its lock) is nothing of the lab's.
 */
const NOT_AT_HOME = 'SetEnv HOME=/nonexistent';
export const sshdConf = (n: number, dir: string): string => `ListenAddress ${mgmtAddress(n)}
Port 22
HostKey ${dir}/host_key
AuthorizedKeysFile ${dir}/authorized_keys
PasswordAuthentication no
UsePAM no
StrictModes no
PidFile /run/sshd.pid
PermitRootLogin prohibit-password
${NOT_AT_HOME}
`;

/**
 * A brick of GlusterFS by hand, without glusterd. A power cut sends no FIN: its keepalive says how long it holds a dead
 * host's locks, about `idleS` and 6 s.
 */
export const brickVolume = (idleS: number): string => `volume posix
  type storage/posix
  option directory ${sharedDir}
end-volume
volume locks
  type features/locks
  subvolumes posix
end-volume
volume server
  type protocol/server
  option transport-type tcp
  option transport.address-family inet
  option transport.socket.bind-address ${STORAGE}
  option transport.socket.listen-port ${PORT}
  option transport.socket.keepalive-time ${idleS}
  option transport.socket.keepalive-interval 2
  option transport.socket.keepalive-count 3
  option transport.tcp-user-timeout 10
  option auth.addr.locks.allow *
  subvolumes locks
end-volume
`;
export const clientVolume = `volume remote
  type protocol/client
  option transport-type tcp
  option transport.address-family inet
  option remote-host ${STORAGE}
  option remote-port ${PORT}
  option remote-subvolume locks
  option ping-timeout 42
end-volume
`;
