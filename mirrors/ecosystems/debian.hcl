# sources.list and *.sources, lines and stanzas of the distribution itself alone.
# Each gets a list of mirrors with what it had before as the last: apt goes on to
# the next one file by file (apt 1.6 and later, apt-transport-mirror(1)).
order  = 10
title  = "Debian packages"
group  = "apt"
tools  = ["apt"]
how    = "mirror lists in /etc/apt"
native = "apt tries them in turn, the official server last"

rewrite "apt" { match = "/debian" }

probe {
  path   = "/dists/stable/InRelease"
  agent  = "Debian APT-HTTP/1.3 (2.6.1)"
  marker = "Origin: Debian"
  stamp  = "apt"
  sample = "/dists/stable/main/Contents-amd64.gz"
}
