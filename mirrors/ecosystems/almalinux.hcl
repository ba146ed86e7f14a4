order  = 33
title  = "AlmaLinux packages"
group  = "dnf"
tools  = ["dnf"]
how    = "baseurl in /etc/yum.repos.d"
native = "dnf tries them in turn"

rewrite "dnf" { match = "/almalinux/" }

caches = ["/var/cache/dnf/*", "/var/cache/libdnf5/*", "/var/cache/yum/*"]

probe {
  path   = "/9/BaseOS/x86_64/os/repodata/repomd.xml"
  agent  = "libdnf (Fedora Linux 42; container; Linux.x86_64)"
  marker = "<repomd"
}
