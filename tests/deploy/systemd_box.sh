#!/bin/sh
# Runs systemd as PID 1 of namespaces of its own, with no units but those in $1/units, and waits for it to end. $1/home is
# /srv/home in there, and $2, the source, is /srv/src: units with a /tmp of their own would not see them in /tmp. Nothing of
# the machine is started or changed.
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir /srv/home /srv/src /srv/units
mount --bind "$1/home" /srv/home
mount --bind "$1/units" /srv/units
mount --bind "$2" /srv/src
mount -t tmpfs -o mode=755 tmpfs /run
umount -l /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t proc proc /proc
ip link set lo up
mkdir -p /run/user/0
chmod 700 /run/user/0
# As at a boot: systemd hands credentials over by mounts that others are to see.
mount --make-rshared /
export container=egress-test SYSTEMD_UNIT_PATH=/srv/units
exec /lib/systemd/systemd --system --unit=box.target --log-target=null --show-status=false
