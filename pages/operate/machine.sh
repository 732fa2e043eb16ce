#!/bin/bash
# Boot a machine: systemd as it comes, with files, processes, services and control groups of its own, on Linux.
# machines.py calls this inside the machine's network; all is gone with the process, and nothing is written outside.
#
# FOLDER: an empty directory to work in; LESSON: the repository; VENV: an environment with what it needs; PYTHON:
# the prefix of that environment's Python; GROUPS_: control groups of our own, "kind=directory" each.
set -e

if [ $$ != 1 ]; then
    for group in $GROUPS_; do echo $$ > "${group#*=}/cgroup.procs"; done
    exec unshare --fork --pid --mount --uts --ipc --cgroup --kill-child "$0"
fi

mount --make-rprivate /
mount -t tmpfs tmpfs "$FOLDER"
mkdir "$FOLDER"/{written,work,venv,venv_work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$FOLDER/written,workdir=$FOLDER/work" "$FOLDER/root"
cd "$FOLDER/root"

mount -t proc proc proc
mount -o bind,ro proc/sys proc/sys # the kernel's settings are everybody's
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup
for group in $GROUPS_; do
    kind=${group%%=*}
    case $kind in
        unified) mount -t cgroup2 cgroup2 sys/fs/cgroup ;;
        systemd) mkdir sys/fs/cgroup/systemd && mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd ;;
        *) mkdir "sys/fs/cgroup/$kind" && mount -t cgroup -o "$kind" cgroup "sys/fs/cgroup/$kind" ;;
    esac
done
for place in run dev; do mount -t tmpfs -o mode=755 tmpfs $place; done
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done

# What somebody else has set up on this host, or left on it, is not on the machine.
rm -rf etc/systemd/system/* etc/nginx/conf.d/* etc/flower srv/* opt/flower var/lib/flower-*
echo "$NAME" > etc/hostname
tr -d - < /proc/sys/kernel/random/uuid > etc/machine-id
mkdir -p opt/flower/venv
cp -r "$LESSON" opt/flower/lesson

# The environment and its Python, at places that services with ProtectHome= see as well.
mount -t overlay overlay -o "lowerdir=$VENV,upperdir=$FOLDER/venv,workdir=$FOLDER/venv_work" opt/flower/venv
mkdir -p usr/local/python
mount --bind "$PYTHON" usr/local/python
for name in python python3; do ln -sfn /usr/local/python/bin/python3 opt/flower/venv/bin/$name; done
rm -f usr/local/bin/python3
printf '#!/bin/sh\nexec /usr/local/python/bin/python3 "$@"\n' > usr/local/bin/python3 # a link would be taken for home
chmod +x usr/local/bin/python3
sed -i 's|^home = .*|home = /usr/local/python/bin|' opt/flower/venv/pyvenv.cfg
echo /usr/local/python/lib > etc/ld.so.conf.d/000python.conf
mount --bind opt/flower/venv "${VENV#/}" # its scripts name it
mount -t tmpfs -o mode=700 tmpfs root

pivot_root . mnt
umount -l /mnt
mount --make-rshared / # or services' credentials do not reach them
ldconfig
# Where there is a tree for each kind of group, systemd is to use those, and no tree that machines would share.
old="systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1"
[ -d /sys/fs/cgroup/systemd ] || old=
exec env -i container=namespaces SYSTEMD_PROC_CMDLINE="$old" PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /usr/lib/systemd/systemd --unit=basic.target
