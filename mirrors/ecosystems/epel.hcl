order  = 31
title  = "Extra packages for Enterprise Linux"
group  = "dnf"
tools  = ["dnf"]
how    = "baseurl in /etc/yum.repos.d"
native = "dnf tries them in turn"

rewrite "dnf" { match = "/epel/" }

caches = ["/var/cache/dnf/*", "/var/cache/libdnf5/*", "/var/cache/yum/*"]

probe {
  path   = "/9/Everything/x86_64/repodata/repomd.xml"
  agent  = "libdnf (Fedora Linux 42; container; Linux.x86_64)"
  marker = "<repomd"
}
