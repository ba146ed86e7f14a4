# Runs a program as an ordinary user with subordinate ids: rootless.sh DIR PROGRAM [ARGUMENT...]
# The user is only in this mount namespace; DIR must be empty, and is the user's home.
set -e
dir=$1
shift
mount --make-rprivate /
mkdir "$dir/home" "$dir/etc"
chown 4242:4242 "$dir/home"
echo 'e2btest:200000:65536' >"$dir/etc/sub"
(cat /etc/passwd && echo "e2btest:x:4242:4242::$dir/home:/bin/sh") >"$dir/etc/passwd"
(cat /etc/group && echo 'e2btest:x:4242:') >"$dir/etc/group"
mount --bind "$dir/etc/passwd" /etc/passwd
mount --bind "$dir/etc/group" /etc/group
mount --bind "$dir/etc/sub" /etc/subuid
mount --bind "$dir/etc/sub" /etc/subgid
cd "$dir/home"
export HOME=$dir/home TMPDIR=$dir/home
exec setpriv --reuid 4242 --regid 4242 --clear-groups --inh-caps=-all "$@"
