#!/bin/bash
# Prepares namespaces in which a node can run without changing this machine, and then runs the given program in them.
#
#   unshare --net --mount --pid --fork --mount-proc private-machine.sh FOLDER PROGRAM…
#
# The network of the control plane is the bridge `net0`, without a way to the outside. Nodes get network namespaces of their
# own, which machine-network.ts connects to it. Everything ends with the program: Linux ends the processes of the PID
# namespace, and the mounts and networks disappear with the last process.
set -eu
folder=$1
shift

# A mount in these namespaces must not appear on the machine, but must appear in containers.
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/netns
for path in /var/log /var/lib/cni /var/lib/kubelet /etc/cni; do
  mkdir -p "$path" "$folder$path"
  mount --bind "$folder$path" "$path"
done
mount --make-rshared /

# The kubelet sets these for the whole machine. It finds the values that it wants, and writes nothing.
fake_sysctl() {
  mkdir -p "$folder/sysctl"
  echo "$2" >"$folder/sysctl/${1##*/}"
  mount --bind "$folder/sysctl/${1##*/}" "/proc/sys/$1"
}
fake_sysctl vm/overcommit_memory 1
fake_sysctl vm/panic_on_oom 0
fake_sysctl kernel/panic 10
fake_sysctl kernel/panic_on_oops 1

ip link set lo up
ip link add net0 type bridge
ip link set net0 up
ip address add 10.77.0.1/24 dev net0
ip address add fd00:10:77::1/64 dev net0 nodad
# Packets to addresses of Services need a route before kube-proxy's rules change their destination. Nothing else leaves.
ip route add default dev net0
ip -6 route add default dev net0
# Pods of different nodes reach each other through here, and never directly.
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.net0.send_redirects=0

exec "$@"
