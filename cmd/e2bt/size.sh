# What fills a template, and what its package managers' cleanup would save: the
# arguments are pairs of a manager's name and its cleanup. Sizes are in KiB. The
# files of an overlay are on several devices, so that du cannot stop at mounts.
dirs=$(for d in /*; do case $d in /proc | /sys | /dev) ;; *) [ -d "$d" ] && ! [ -L "$d" ] && echo "$d" ;; esac; done)
total() { du -sk $dirs 2>/dev/null | awk '{ sum += $1 } END { print sum }'; }
before=$(total)
echo "e2bt:total $before"
du -k -d 1 $dirs 2>/dev/null | sort -rn | head -n 12 | while read -r size path; do echo "e2bt:dir $size $path"; done
while [ $# -gt 1 ]; do
	(eval "$2") >/dev/null 2>&1
	after=$(total)
	echo "e2bt:saves $((before - after)) $1"
	before=$after
	shift 2
done
