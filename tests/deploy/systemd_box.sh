#!/bin/sh
# Runs systemd as PID 1 of namespaces of its own, with no units but those in $1/units, and waits for it to end. $1/home is
# /srv/home in there, and $2, the source, is /srv/src: units with a /tmp of their own would not see them in /tmp. $3, where
# Python is installed, may lie in a home that is closed to others: it is opened in there. $4 is the number of the machine's
# one user, who is none of this one. Nothing of the machine is started or changed.
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir /srv/home /srv/src /srv/units /srv/python
mount --bind "$1/home" /srv/home
mount --bind "$1/units" /srv/units
mount --bind "$2" /srv/src
mount --bind "$3" /srv/python
case $3 in
/root/*)
    mount -t tmpfs -o mode=755 tmpfs /root
    mkdir -p "$3"
    mount --bind /srv/python "$3"
    ;;
esac
printf 'root:x:0:0::/root:/bin/sh\nbox:x:%s:%s::/srv/home:/bin/sh\n' "$4" "$4" >/srv/passwd
printf 'root:x:0:\nbox:x:%s:\n' "$4" >/srv/group
mount --bind /srv/passwd /etc/passwd
mount --bind /srv/group /etc/group
mount -t tmpfs -o mode=755 tmpfs /run
umount -l /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t proc proc /proc
ip link set lo up
mkdir -p "/run/user/$4"
chmod 700 "/run/user/$4"
chown "$4:$4" "/run/user/$4"
chown -R "$4:$4" /srv/home
# The first service of the machine itself that has a view of its files of its own makes it, at every boot; a user cannot.
mkdir -p /run/systemd/unit-root
# As at a boot: systemd hands credentials over by mounts that others are to see.
mount --make-rshared /
export container=egress-test SYSTEMD_UNIT_PATH=/srv/units
exec /lib/systemd/systemd --system --unit=box.target --log-target=null --show-status=false
